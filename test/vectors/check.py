"""A second reading of the vectors that shares no code with the first.

Plain Python integers, fractions and decimals, standard library only. Reads field.json, share.json,
fixed-point.json, statistics.json, messages.json, packets.json, links.json, share-content.json and the
roster batch of documents.json. Prints "ok N cases"; a mismatch exits with 1.
Run: python3 test/vectors/check.py
"""

import json
import sys
from base64 import urlsafe_b64decode
from decimal import Decimal, localcontext
from fractions import Fraction
from hashlib import sha256
from math import prod
from pathlib import Path

from check_links import check_links
from check_messages import check_messages
from check_packets import check_packets
from check_share_content import check_share_content

HERE = Path(__file__).parent
P = 2**66 * 4611686018427387897 + 1
BYTES = 16

cases = 0


def load(name):
    return json.loads((HERE / name).read_text(encoding="utf-8"))


def expect(what, came, expected):
    global cases
    cases += 1
    if came != expected:
        sys.exit(f"{what}: expected {expected}, got {came}")


def encode(integers):
    return b"".join((n % P).to_bytes(BYTES, "little") for n in integers)


def decode(data):
    """The elements, or the code of the refusal."""
    if len(data) % BYTES:
        return "WRONG_VECTOR_LENGTH"
    elements = [int.from_bytes(data[i : i + BYTES], "little") for i in range(0, len(data), BYTES)]
    return "ELEMENT_OUT_OF_RANGE" if any(n >= P for n in elements) else elements


def check_field():
    vectors = load("field.json")
    expect("modulus", int(vectors["modulus"]), P)
    for case in vectors["arithmetic"]:
        a, b = int(case["a"]), int(case["b"])
        expect("sum", int(case["sum"]), (a + b) % P)
        expect("difference", int(case["difference"]), (a - b) % P)
        expect("product", int(case["product"]), a * b % P)
        expect("negated", int(case["negated"]), -a % P)
        expect("balanced", int(case["balanced"]), a - P if a > P // 2 else a)
        expect("encoded", bytes.fromhex(case["encoded"]), encode([a, b]))
        expect("decoded", decode(bytes.fromhex(case["encoded"])), [a, b])
    for case in vectors["refused"]:
        expect("refused bytes", decode(bytes.fromhex(case["bytes"])), case["code"])


def check_shares():
    for case in load("share.json")["cases"]:
        name = case["name"]
        vector = [int(text) for text in case["vector"]]
        size = len(vector)
        shares = [decode(bytes.fromhex(share)) for share in case["shares"]]
        expect(f"{name}: number of shares", len(shares), case["domains"])
        expect(f"{name}: sum", [sum(column) % P for column in zip(*shares)], vector)
        expect(f"{name}: combined", [int(text) for text in case["combined"]], vector)
        random = bytes.fromhex(case["randomness"])
        draws = [int.from_bytes(random[i : i + BYTES], "little") for i in range(0, len(random), BYTES)]
        masks = [draw for draw in draws if draw < P]
        drawn = [masks[i : i + size] for i in range(0, len(masks), size)]
        expect(f"{name}: masks", shares[:-1], drawn)


def evaluate(element, stored, grid):
    if element["kind"] == "count":
        return 1
    if element["kind"] == "moment":
        return prod(stored[factor["field"]] ** factor["power"] for factor in element["factors"])
    field = element["field"]
    return int(grid(field, element["from"]) <= stored[field] < grid(field, element["to"]))


def check_fixed_point():
    for case in load("fixed-point.json")["cases"]:
        fields = {field["name"]: field for field in case["schema"]["fields"]}

        def grid(name, text):
            field = fields[name]
            return (Fraction(text) - Fraction(field["offset"])) * 10 ** field["decimals"]

        for entry in case["readings"]:
            if "code" in entry:
                continue
            reading = entry["reading"]
            values = reading if isinstance(reading, dict) else {next(iter(fields)): reading}
            stored = {name: grid(name, str(values[name])) for name in fields}
            vector = [evaluate(element, stored, grid) % P for element in case["schema"]["elements"]]
            expect(case["name"], [int(text) for text in entry["vector"]], vector)


def rounded(value, digits):
    """Half to even, as Python's own division does it."""
    with localcontext() as context:
        context.prec = digits
        return Decimal(value.numerator) / Decimal(value.denominator)


def root(value, digits):
    with localcontext() as context:
        context.prec = digits + 60
        exact = (Decimal(value.numerator) / Decimal(value.denominator)).sqrt()
        context.prec = digits
        return +exact


def check_document(name, document, value):
    expect(f"{name}: fraction", document["fraction"], f"{value.numerator}/{value.denominator}")
    expect(f"{name}: decimal", Decimal(document["decimal"]), rounded(value, 30))


def check_statistics():
    vectors = load("statistics.json")
    for case in vectors["results"]:
        name, result = case["name"], case["result"]
        readings = [Fraction(text) for text in case["readings"]]
        n, total = len(readings), sum(readings)
        scatter = sum((x - total / n) ** 2 for x in readings)
        expect(f"{name}: count", result["count"], n)
        expect(f"{name}: sum", Fraction(result["sum"]), total)
        check_document(f"{name}: mean", result["mean"], total / n)
        for kind, divisor in (("population", n), ("sample", n - 1)):
            if divisor == 0:
                expect(f"{name}: {kind}", result["variance"][kind], None)
                continue
            check_document(f"{name}: {kind} variance", result["variance"][kind], scatter / divisor)
            deviation = Decimal(result["standardDeviation"][kind])
            expect(f"{name}: {kind} deviation", deviation, root(scatter / divisor, 30))
    for case in vectors["formats"]:
        value, digits = Fraction(case["text"]), case["digits"]
        expect("fraction", case["fraction"], f"{value.numerator}/{value.denominator}")
        expect("exact", Fraction(case["exact"]), value)
        expect("rounded", Decimal(case["rounded"]), rounded(value, digits))
        if case["root"] is not None:
            expect("root", Decimal(case["root"]), root(value, digits))


def labelled(purpose, *parts):
    everything = (f"mcloud/1/{purpose}".encode(), *parts)
    return sha256(b"".join(len(part).to_bytes(4, "big") + part for part in everything))


def unpadded(text):
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def check_roster(batch):
    payload = json.loads(unpadded(batch["jws"].split(".")[1]))
    expect("batch hash", labelled("document", batch["jws"].encode()).hexdigest(), batch["hash"])
    keys = [unpadded(key) for key in payload["enrol"]]
    found = [{"publicKey": key.hex(), "sensorId": labelled("sensor", key).hexdigest()[:32]} for key in keys]
    expect("enrolled sensors", found, batch["enrolled"])
    expect("revoked sensors", payload["revoke"], batch["revoked"])


check_field()
check_shares()
check_fixed_point()
check_statistics()
check_roster(load("documents.json")["rosterBatch"])
check_messages(load("messages.json"), expect)
check_packets(load("packets.json"), expect)
check_share_content(load("share-content.json"), expect)
check_links(load("links.json"), expect)
print(f"ok {cases} cases")
