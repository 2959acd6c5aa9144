"""Turns CUDA C++ into C++ that a host compiler takes: rewrite.py IN OUT. Three things only, line for line; all else is
the headers' work. Not a parser: it knows comments, strings and brackets.

  kernel<A><<<grid, block, bytes, stream>>>(args)   ->  softgpu::kernel(kernel<A>, "kernel<A>", {...})(args)
  extern __shared__ __align__(16) T name[];         ->  a pointer to the block's dynamic shared memory
  __shared__ T name[n], other;                      ->  references into the block's static shared memory
"""
import re
import sys

COMMENT_OR_STRING = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)
SHARED = re.compile(r"\b(extern\s+)?__shared__\s+([^;]*);")
ALIGN = re.compile(r"\b(?:__align__|alignas)\s*\(\s*([^()]*)\s*\)\s*")
CLOSE = {")": "(", "]": "[", "}": "{", ">": "<"}


def blank(text):
    """The same text, the same length, with comments and strings emptied."""
    return COMMENT_OR_STRING.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def kernel_start(code, end):
    """Where the name that ends before `<<<` begins: an identifier with ::, perhaps with template arguments."""
    at = len(code[:end].rstrip())
    if code[at - 1] == ">":
        depth, inner = 0, 0
        while at > 0:
            at -= 1
            c = code[at]
            inner += (c in ")]}") - (c in "([{")
            if inner == 0 and c == ">" and code[at - 1] != "-":
                depth += 1
            if inner == 0 and c == "<":
                depth -= 1
                if depth == 0:
                    break
        at = len(code[:at].rstrip())
    name = re.search(r"[A-Za-z_:][\w:]*$", code[:at])
    if not name:
        raise SyntaxError("no kernel before <<<")
    return name.start()


def split(code, opening="([{<"):
    """Pieces between commas that stand outside all brackets."""
    pieces, depth, begin = [], 0, 0
    for i, c in enumerate(code):
        if c in opening:
            depth += 1
        elif c in CLOSE and CLOSE[c] in opening:
            depth -= 1
        elif c == "," and depth == 0:
            pieces.append((begin, i))
            begin = i + 1
    return pieces + [(begin, len(code))]


def launches(text):
    while True:
        code = blank(text)
        begin = code.find("<<<")
        if begin < 0:
            return text
        end = code.find(">>>", begin)
        if end < 0:
            raise SyntaxError("<<< without >>>")
        start = kernel_start(code, begin)
        name = " ".join(text[start:begin].split())
        config = text[begin + 3:end]
        if not 2 <= len(split(code[begin + 3:end], "([{")) <= 4:
            raise SyntaxError(f"{name}: a launch has two to four parameters")
        lines = "\n" * text[start:begin].count("\n")
        quoted = name.replace('"', "'")
        text = (text[:start] + f'softgpu::kernel({name}, "{quoted}", softgpu::configuration({config})){lines}'
                + text[end + 3:])


def declaration(match):
    aligns = ALIGN.findall(match.group(2))
    what = ALIGN.sub("", match.group(2))
    lines = "\n" * match.group().count("\n")
    pieces = [" ".join(what[a:b].split()) for a, b in split(what)]
    kind, name, dims = re.fullmatch(r"(.*?)\b(\w+)\s*((?:\[.*\])?)", pieces[0]).groups()
    if match.group(1):
        return f"{kind} *const {name} = ({kind} *)softgpu::dynamic_shared();{lines}"
    out = []
    for piece in [name + dims] + pieces[1:]:
        name, dims = re.fullmatch(r"(\w+)\s*((?:\[.*\])?)", piece).groups()
        align = aligns[0] if aligns else f"alignof({kind})"
        out.append(f"typedef {kind} softgpu_type_{name}{dims}; static char softgpu_key_{name}; "
                   f"softgpu_type_{name} &{name} = *(softgpu_type_{name} *)softgpu::static_shared("
                   f"&softgpu_key_{name}, sizeof(softgpu_type_{name}), {align});")
    return " ".join(out) + lines


def shared(text):
    code, out, at = blank(text), [], 0
    for match in SHARED.finditer(code):
        whole = SHARED.match(text, match.start()) or match
        out += [text[at:match.start()], declaration(whole)]
        at = match.end()
    return "".join(out) + text[at:]


def rewrite(text):
    text = launches(shared(text))
    return re.sub(r"\b__noinline__\b", "__attribute__((noinline))", text)


def main():
    source, target = sys.argv[1:3]
    with open(source, encoding="utf-8") as f:
        text = f.read()
    try:
        text = rewrite(text)
    except (SyntaxError, AttributeError) as e:
        sys.exit(f"{source}: cannot be rewritten: {e}")
    with open(target, "w", encoding="utf-8") as f:
        f.write(f'#line 1 "{source}"\n{text}')


if __name__ == "__main__":
    main()
