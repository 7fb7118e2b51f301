"""A second reading of share-content.json: SHAKE128 of the standard library, plain integers."""

from hashlib import shake_128

P = 2**66 * 4611686018427387897 + 1
BYTES = 16
SEED_BYTES = 32


def u(value, width):
    return value.to_bytes(width, "big")


def labelled(purpose, *parts):
    return b"".join(u(len(part), 4) + part for part in (b"mcloud/1/" + purpose, *parts))


def expanded(data, elements):
    found = []
    asked = elements
    while len(found) < elements:
        output = shake_128(data).digest(asked * BYTES)
        draws = [int.from_bytes(output[i : i + BYTES], "little") for i in range(0, len(output), BYTES)]
        found = [draw for draw in draws if draw < P]
        asked += 1
    return found[:elements]


def check_share_content(vectors, expect):
    window = bytes.fromhex(vectors["stream"]) + u(vectors["window"], 8) + u(vectors["group"], 2)
    sensor = bytes.fromhex(vectors["sensorId"])
    size = vectors["elements"]
    for case in vectors["cases"]:
        content = bytes.fromhex(case["content"])
        at = 0
        shares = []
        for reading in case["readings"]:
            listed = 1
            if case["countMode"] == "batch":
                listed = int.from_bytes(content[at : at + 4], "big")
                at += 4
                expect("number of vectors", listed in (1, reading["count"]), True)
            if case["seeds"] and case["index"] < vectors["domains"] - 1:
                entry = bytes.fromhex(reading["readingId"]) + sensor + u(reading["count"], 4)
                seed = content[at : at + SEED_BYTES]
                at += SEED_BYTES
                bound = labelled(b"seed", window, u(case["index"], 1), entry, seed)
                elements = expanded(bound, listed * size)
            else:
                end = at + listed * size * BYTES
                elements = [int.from_bytes(content[i : i + BYTES], "little") for i in range(at, end, BYTES)]
                at = end
            sums = [sum(elements[i::size]) % P for i in range(size)]
            shares.append(b"".join(n.to_bytes(BYTES, "little") for n in sums).hex())
        expect("length of content", at, len(content))
        expect("shares of content", shares, case["shares"])
