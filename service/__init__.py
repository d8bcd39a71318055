"""Comment Desk: takes comments in, decides what a machine may decide, shows people the rest.

Five kinds of module, imports in one direction only (import-linter holds it):

- nouns   `domain` `vocabulary` `settings` `errors` `text` `likeness` `markup` `tokens`: values
          and pure helpers
- stages  `intake` `link` `limits` `scoring` `policy` `store`: one step each
- verbs   `submit` `revise` `read` `review` `people` `tidy`: what the service does for somebody
- web     `web/`: HTTP in and out
- wiring  `app` `config` `embedded` `commands` `__main__`: builds the real things once
"""
