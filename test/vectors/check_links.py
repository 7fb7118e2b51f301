"""A second reader of the frames between nodes, from docs/PROTOCOL.md and nothing else."""

from check_messages import Reader, Refused

TEXT_BYTES_MAX = 1024
BODY_BYTES_MAX = 8 * 1024 * 1024


def frame(reader):
    length = reader.integer(4)
    kind, call = reader.integer(1), reader.integer(4)
    least = {1: 7, 2: 9, 3: 5}.get(kind)
    if least is None or length < least or length > least + (TEXT_BYTES_MAX + BODY_BYTES_MAX if kind < 3 else 0):
        raise Refused("MALFORMED_BODY")
    rest = Reader(reader.take(length - 5))
    if kind == 3:
        return {"kind": "cancel", "call": call}
    status = {"status": rest.integer(2)} if kind == 2 else {}
    try:
        text = rest.take(rest.integer(2)).decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("MALFORMED_TEXT") from None
    body = rest.data[rest.at :]
    if len(text.encode()) > TEXT_BYTES_MAX or len(body) > BODY_BYTES_MAX:
        raise Refused("MALFORMED_BODY")
    name = "target" if kind == 1 else "contentType"
    return {"kind": ["request", "reply"][kind - 1], "call": call, **status, name: text, "body": body.hex()}


def refusal(data):
    try:
        frame(Reader(data))
    except Refused as refused:
        return refused.code
    return None


def check_links(vectors, expect):
    reader = Reader(bytes.fromhex(vectors["bytes"]))
    for number, value in enumerate(vectors["frames"]):
        expect(f"frame {number}", frame(reader), value)
    expect("bytes left over", len(reader.data) - reader.at, 0)
    for case in vectors["refused"]:
        expect(case["why"], refusal(bytes.fromhex(case["bytes"])), case["code"])
