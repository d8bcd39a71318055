"""Words of trades, as they stand in the names of shops and agencies and of their domains."""

import re

_TRADE_WORDS = (
    "casino|poker|slots?(?![a-z])|betting|gambl|jackpot|roulette|apuesta|sportsbook|lotter"
    "|loan|payday|lender|mortgage|credit|prestamo|insur|finance|invest|profit|forex|trader|trading"
    "|crypto|bitcoin|btc|coin|wallet|pharma|farmacia|pill|meds|viagra|cialis|levitra|tadalafil"
    "|sildenafil|steroid|keto|diet|slim|weightloss|supplement|vitamin|cbd|vape|seo(?![a-z])"
    "|backlink|rank|traffic|marketing|agency|follower|likes|seguidor|promo|shop|store|tienda|outlet"
    "|buy|comprar|cheap|barat|discount|deal|coupon|sale|replica|watches|handbag|jersey|essay"
    "|homework|assignment|thesis|spell|psychic|voodoo|hechizo|amarre|brujo|vidente|tarot|hacker"
    "|hacking|recover(?!y?$)|spy|dating|hookup|singles|download|torrent|crack|keygen|apk|rental|plumb"
    "|roofing|cleaning|limpieza|mudanza|movers|removal|locksmith|cerrajer|escape|tattoo|hosting"
    "|vpn|webdesign|diseno|dental|implant|estetica|realestate|inmobiliaria|printing|massage"
    "|attorney|abogado|limo|taxi|tours?(?![a-z])|travelagen|furnitur|mattress|jewel"
    "|astrolog|horoscop|towing|repair|plumb|painting|flooring|pestcontrol|landscap|storage|coaching"
    "|academy|bootcamp|courses|logos?(?![a-z])|naturals|remed|herbal|detox|wholesale|supplier"
    "|signals|airdrop|giveaway|voucher|franchise|catering|weddings|flowers|visa(?![a-z])|translation"
    "|printing|packag|manufactur|factory|solar|hvac|windows|kitchen|cheats|wholesale|ticket"
)


def _by_first_letter(words: str) -> re.Pattern[str]:
    """An expression for any of the words that tells from one letter which of them to try."""
    rests: dict[str, list[str]] = {}
    for word in words.split("|"):
        rests.setdefault(word[0], []).append(word[1:])
    return re.compile("|".join(f"{letter}(?:{'|'.join(rests[letter])})" for letter in rests))


_TRADE = _by_first_letter(_TRADE_WORDS)


def is_trade(host: str) -> bool:
    """Whether a host name is made of a trade's words (see `_TRADE_WORDS`)."""
    return _TRADE.search(host) is not None
