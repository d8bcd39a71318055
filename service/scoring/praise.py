"""Praise that fits under any article: the most usual cover of a website field that sells."""

import re

_WORD = re.compile(r"[^\W\d_]{3,}")
_FULL = 0.4  # share of a comment's words from which on it is nothing but praise

# ruff: noqa: SIM905 - words in one string are easier to read and to extend than a list
_PRAISE = frozenset(
    # English
    "great nice good excellent amazing awesome wonderful fantastic brilliant superb perfect lovely "
    "beautiful impressive informative helpful useful valuable interesting insightful inspiring "
    "fascinating worth thanks thank thankyou appreciate appreciated post posts article articles "
    "blog blogs website site page content information info share sharing shared bookmark "
    "bookmarked keep work written write writing writer writeup read reading reader enjoyed enjoy "
    "love loved learned learnt topic subject author insight insights quality effort efforts "
    "explained explanation visit visiting again friends tips ideas agree point points "
    # Spanish
    "gracias excelente buen bueno buena buenos gran genial increíble interesante artículo "
    "artículos nota blog página sitio web contenido información aporte aportes compartir comparto "
    "compartido útil felicidades felicito enhorabuena saludos encanta encantó encantado leer leído "
    "sigan sigue trabajo tema claro explicado recomiendo favoritos acuerdo "
    # French
    "merci super excellent bravo article articles partage partager intéressant intéressante utile "
    "contenu informations travail continuez sujet expliqué "
    # Portuguese
    "obrigado obrigada ótimo ótima bom texto artigo parabéns compartilhar conteúdo informação "
    "abraços sucesso adorei gostei explicado "
    # German
    "danke toll toller tolle artikel beitrag guter gute super informativ interessant hilfreich "
    "lesen seite weiter "
    # Italian
    "grazie ottimo ottima articolo bel bello bella complimenti interessante utile contenuti "
    "condivisione".split()
)


def praise(folded: str) -> float:
    """How much of a normalised text is praise for any article: 0 to 1."""
    words = _WORD.findall(folded)
    return min(1.0, sum(word in _PRAISE for word in words) / (_FULL * len(words))) if words else 0.0
