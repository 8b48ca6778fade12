"""Page mechanics: rendering, answers with their headers, cookies, forms, CSRF, languages, the one stylesheet.

Owns: how a page is put together and sent. Must not know: any word of the domain, any path but its own `/static`. To add
one more page: a frozen view that names its template, and the template, both in the door; the words of the template
enter the English catalogue by `python -m gateway.ground.web.messages`.
"""
