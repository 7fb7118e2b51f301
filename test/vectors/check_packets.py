"""A second reading of packets.json: the curve in plain integers, HMAC and SHA-256 of the standard library.

AES-GCM is not in the standard library, so `sealed` is not opened here; its key, nonce and bound data are checked.
"""

from hashlib import sha256
from hmac import digest

FIELD = 2**256 - 2**224 + 2**192 + 2**96 - 1
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
BASE = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)


def add(p, q):
    if p is None or q is None:
        return p or q
    if p[0] == q[0]:
        if (p[1] + q[1]) % FIELD == 0:
            return None
        slope = (3 * p[0] * p[0] - 3) * pow(2 * p[1], -1, FIELD)
    else:
        slope = (q[1] - p[1]) * pow(q[0] - p[0], -1, FIELD)
    x = (slope * slope - p[0] - q[0]) % FIELD
    return x, (slope * (p[0] - x) - p[1]) % FIELD


def times(k, p):
    total = None
    for bit in bin(k)[2:]:
        total = add(total, total)
        if bit == "1":
            total = add(total, p)
    return total


def point(data):
    return int.from_bytes(data[1:33], "big"), int.from_bytes(data[33:], "big")


def written(p):
    return b"\x04" + p[0].to_bytes(32, "big") + p[1].to_bytes(32, "big")


def agree(private, public):
    return times(int.from_bytes(private, "big"), point(public))[0].to_bytes(32, "big")


def u(value, width):
    return value.to_bytes(width, "big")


KEM = b"KEM" + u(0x10, 2)
HPKE = b"HPKE" + u(0x10, 2) + u(1, 2) + u(0xFFFF, 2)


def extract(suite, salt, label, data):
    return digest(salt or bytes(32), b"HPKE-v1" + suite + label + data, "sha256")


def expand(suite, secret, label, info):
    return digest(secret, u(32, 2) + b"HPKE-v1" + suite + label + info + b"\x01", "sha256")


def derive(seed):
    root = extract(KEM, b"", b"dkp_prk", seed)
    private = expand(KEM, root, b"candidate", b"\x00")
    assert 0 < int.from_bytes(private, "big") < ORDER
    return private, written(times(int.from_bytes(private, "big"), BASE))


def labelled(purpose, *parts):
    return b"".join(u(len(part), 4) + part for part in (b"mcloud/1/" + purpose, *parts))


def exporter(agreed, parties):
    shared = expand(KEM, extract(KEM, b"", b"eae_prk", agreed), b"shared_secret", parties)
    psk = extract(HPKE, b"", b"psk_id_hash", b"")
    schedule = b"\x02" + psk + extract(HPKE, b"", b"info_hash", labelled(b"sealing"))
    secret = expand(HPKE, extract(HPKE, shared, b"secret", b""), b"exp", schedule)
    return lambda purpose: expand(HPKE, secret, b"sec", purpose)


def check_packets(vectors, expect):
    bytes_of = bytes.fromhex
    sensor, domain = vectors["sensor"], vectors["domain"]
    sensor_private, sensor_public = bytes_of(sensor["privateKey"]), bytes_of(sensor["publicKey"])
    domain_private, domain_public = bytes_of(domain["privateKey"]), bytes_of(domain["publicKey"])
    expect("sensor key", written(times(int.from_bytes(sensor_private, "big"), BASE)), sensor_public)
    expect("sensor id", sha256(labelled(b"sensor", sensor_public)).digest()[:16].hex(), sensor["id"])
    _, encapsulated = derive(bytes_of(vectors["seed"]))
    expect("encapsulated key", encapsulated.hex(), vectors["encapsulated"])
    agreed = agree(domain_private, encapsulated) + agree(domain_private, sensor_public)
    export = exporter(agreed, encapsulated + domain_public + sensor_public)
    stream, name = bytes_of(vectors["stream"]), bytes_of(sensor["id"])
    expect("share key", export(labelled(b"share-key", stream)).hex(), vectors["shareKey"])
    flag_key = export(labelled(b"flag-key", stream))
    expect("flag key", flag_key.hex(), vectors["flagKey"])
    readings = [(bytes_of(one["readingId"]), one["count"]) for one in vectors["readings"]]
    listed = b"".join(reading + u(count, 4) for reading, count in readings)
    receipt_key = digest(bytes_of(vectors["K"]), labelled(b"receipt-key"), "sha256")
    for case in vectors["cases"]:
        window = stream + u(vectors["window"], 8) + u(case["group"], 2)
        named = sha256(labelled(b"packet", window, name, listed)).digest()
        expect("packet name", named.hex(), case["name"])
        bound = sha256(labelled(b"shares", named, u(case["index"], 1))).digest()
        expect("bound", bound.hex(), case["bound"])
        expect("nonce", bound[:12].hex(), case["nonce"])
        expect("sealed length", len(bytes_of(case["sealed"])), len(bytes_of(case["shares"])) + 16)
        receipts = [
            digest(receipt_key, labelled(b"receipt", named, u(place, 1)), "sha256")[:16] for place in range(3)
        ]
        expect("receipts", [one.hex() for one in receipts], case["receipts"])
        tag = digest(flag_key, labelled(b"SET", named), "sha256")[:16]
        expect("set tag", tag.hex(), case["setTag"])
