"""A second decoder of the binary messages, from the layouts of docs/PROTOCOL.md and nothing else.

A layout here is a function from a Reader to a value as messages.json shows it. It shares no code with the
first decoder, so a field that both sides of the first one forget, or read in another order, shows here.
"""

import re
from hashlib import sha256


class Refused(Exception):
    """The bytes are not the message; the code is the one a node answers with."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, length):
        part = self.data[self.at : self.at + length]
        if len(part) < length:
            raise Refused("MALFORMED_BODY")
        self.at += length
        return part

    def integer(self, width):
        value = int.from_bytes(self.take(width), "big")
        if value >= 2**53:
            raise Refused("MALFORMED_BODY")
        return value


def u(width, least=0, most=2**53 - 1, code="SCHEMA_MISMATCH"):
    def read(r):
        value = r.integer(width)
        if not least <= value <= most:
            raise Refused(code)
        return value

    return read


def raw(length):
    return lambda r: r.take(length).hex()


def sized(most):
    return lambda r: r.take(u(4, 0, most, "MALFORMED_BODY")(r)).hex()


def joined(length, most):
    return lambda r: r.take(length * u(4, 0, most, "MALFORMED_BODY")(r)).hex()


def text(most, pattern=None):
    def read(r):
        try:
            value = bytes.fromhex(sized(most)(r)).decode("utf-8")
        except UnicodeDecodeError:
            raise Refused("MALFORMED_TEXT") from None
        if pattern and not re.fullmatch(pattern, value):
            raise Refused("SCHEMA_MISMATCH")
        return value

    return read


def listed(item, most):
    return lambda r: [item(r) for _ in range(u(4, 0, most, "MALFORMED_BODY")(r))]


def words(*all_words):
    return lambda r: all_words[u(1, 0, len(all_words) - 1, "MALFORMED_BODY")(r)]


def boolean(r):
    return u(1, 0, 1, "MALFORMED_BODY")(r) == 1


def maybe(item):
    return lambda r: item(r) if boolean(r) else None


def fields(**layouts):
    return lambda r: {name: layout(r) for name, layout in layouts.items()}


PARTITIONS, FLAGS, ROWS, PAGE, EXCLUDED, SENSORS = 1024, 4096, 256, 8192, 65536, 400_000
SHARE, REGISTER, DOMAINS, PEER_BODY = 16 * 1024, 4 * 2**20, 16, 8 * 2**20
PACKETS, SENSOR_BODY = 1024, 2 * 2**20
REFUSALS = (
    "PACKET_REFUSED",
    "SENSOR_UNKNOWN",
    "SENSOR_REVOKED",
    "MALFORMED_BODY",
    "STREAM_REFUSED",
    "WRONG_VECTOR_LENGTH",
    "ELEMENT_OUT_OF_RANGE",
    "RECEIPTS_REFUSED",
    "RATE_LIMITED",
    "INCOMPLETE",
)

epoch = u(4, least=1)
partition = u(2, most=PARTITIONS - 1)
context = fields(epoch=epoch, placementEpoch=epoch, stream=raw(32), window=u(8), group=u(2))
entry = fields(readingId=raw(16), sensorId=raw(16), count=u(4))
ballot = fields(counter=u(8), proposer=u(2))
digest = fields(count=u(4), readings=u(8), hash=raw(32))
digests = listed(fields(partition=partition, digest=digest), PARTITIONS)
value = words("TRUE", "ERROR")
kind = words("prepare", "accept", "read")
decision = words("terms", "settlement", "exclusion", "release")
entries = listed(entry, FLAGS)
excluded = listed(entry, EXCLUDED)
page = listed(entry, PAGE)
place = {"context": context, "partition": partition}
reason = text(200)



def packets(addressed, **proof):
    key = dict(encapsulated=raw(65)) if addressed else {}
    readings = listed(fields(readingId=raw(16), count=u(4)), FLAGS)
    packet = fields(sensorId=raw(16), **key, publicKey=maybe(raw(65)), readings=readings, **proof)

    def read(r):
        found = listed(packet, PACKETS)(r)
        if sum(len(one["readings"]) for one in found) > FLAGS:
            raise Refused("MALFORMED_BODY")
        return found

    return read


MESSAGES = {
    "flags request": fields(**place, flags=entries),
    "set request": fields(
        **place,
        packets=packets(
            False,
            receipts=listed(raw(16), 16),
            proofs=listed(fields(index=u(1), encapsulated=raw(65), tag=raw(16)), 3),
        ),
    ),
    "accept response": fields(
        packets=listed(
            fields(
                answer=words("ACCEPTED", *REFUSALS),
                word=maybe(raw(16)),
                others=listed(
                    fields(
                        place=u(2), promised=ballot, accepted=maybe(fields(ballot=ballot, value=value))
                    ),
                    FLAGS,
                ),
            ),
            PACKETS,
        )
    ),
    "flag answers": fields(outcomes=listed(words("UNDECIDED", "TRUE", "ERROR", *REFUSALS), FLAGS)),
    "outcomes": fields(outcomes=listed(words("UNDECIDED", "TRUE", "ERROR"), FLAGS)),
    "upload request": fields(**place, index=u(1), packets=packets(True, sealed=sized(SENSOR_BODY))),
    "upload response": fields(
        packets=listed(
            fields(
                answer=words("STORED", "CONFLICT", *REFUSALS),
                receipt=maybe(raw(16)),
                word=maybe(raw(16)),
                conflicts=listed(u(2), FLAGS),
            ),
            PACKETS,
        )
    ),
    "relay request": fields(
        **place,
        sensorId=raw(16),
        publicKey=maybe(raw(65)),
        readings=listed(fields(readingId=raw(16), count=u(4)), FLAGS),
        parts=listed(fields(encapsulated=raw(65), sealed=sized(SENSOR_BODY), tag=raw(16)), 16),
    ),
    "relay response": fields(
        stored=listed(raw(16), 16), votes=listed(fields(acceptor=u(1), word=raw(16)), 3)
    ),
    "copy request": fields(**place, index=u(1), keys=joined(36, FLAGS), shares=sized(PEER_BODY)),
    "copy response": fields(conflicts=listed(u(2), FLAGS)),
    "vote request": fields(**place, kind=kind, ballot=ballot, value=maybe(value), flags=entries),
    "vote response": fields(
        votes=listed(
            fields(
                granted=boolean,
                early=boolean,
                promised=ballot,
                accepted=maybe(fields(ballot=ballot, value=value)),
            ),
            FLAGS,
        )
    ),
    "window terms": fields(setHashKey=raw(32), notBefore=u(8), latest=u(8)),
    "settlement": fields(placementEpoch=epoch, partitions=digests, flags=u(4), readings=u(8)),
    "exclusion": fields(settlement=raw(32), excluded=excluded, readings=u(8)),
    "released row": fields(
        stream=raw(32),
        window=u(8),
        group=u(2),
        domain=text(31, "[a-z][a-z0-9-]{0,30}"),
        index=u(1),
        settled=raw(32),
        readings=u(8),
        committed=u(8),
        flags=u(4),
        excluded=u(4),
        verdict=words("RELEASED", "WITHHELD"),
        reason=reason,
        elements=sized(SHARE),
    ),
    "synod request": fields(
        context=context, decision=decision, kind=kind, ballot=ballot, value=maybe(sized(REGISTER))
    ),
    "synod response": fields(
        granted=boolean, promised=ballot, accepted=maybe(fields(ballot=ballot, value=sized(REGISTER)))
    ),
    "context only": fields(context=context),
    "freeze report": fields(storeId=raw(16), commitSeq=u(8), partitions=digests),
    "frozen list request": fields(**place, after=maybe(entry)),
    "frozen list": fields(
        flags=listed(fields(entry=entry, ballot=ballot, value=value), PAGE), more=boolean
    ),
    "keep list request": fields(**place, digest=digest, entries=page, last=boolean),
    "kept": fields(kept=boolean),
    "read list request": fields(**place, digest=digest, after=maybe(entry)),
    "read list": fields(known=boolean, entries=page, more=boolean),
    "recall request": fields(storeId=raw(16)),
    "committed": fields(storeId=raw(16), commitSeq=u(8)),
    "recall response": fields(commitSeq=u(8)),
    "ready request": fields(context=context, settlement=raw(32)),
    "ready response": fields(ready=boolean, reason=reason, missing=excluded),
    "held request": fields(context=context, partitions=digests),
    "held response": fields(
        partitions=listed(fields(partition=partition, missing=excluded), PARTITIONS)
    ),
    "sum request": fields(context=context, partitions=digests, excluded=excluded),
    "sum response": fields(complete=boolean, readings=u(8), flags=u(4), elements=sized(SHARE)),
    "rows request": fields(**place, after=maybe(entry)),
    "rows response": fields(
        rows=listed(fields(entry=entry, conflict=boolean, share=sized(SHARE)), ROWS), more=boolean
    ),
    "sensors request": fields(context=context, partitions=digests, excluded=excluded, **{"from": partition}),
    "sensors response": fields(
        sensors=listed(fields(sensor=raw(16), included=boolean), SENSORS), next=maybe(partition)
    ),
    "compare request": fields(**place, entries=listed(entry, ROWS)),
    "compare response": fields(missing=listed(entry, ROWS)),
    "gather request": fields(context=context, partitions=listed(partition, PARTITIONS)),
    "inventory": fields(
        partitions=listed(fields(partition=partition, index=u(1), digest=digest), PARTITIONS * DOMAINS)
    ),
}


def decode(message, data):
    """The value, or the code of the refusal."""
    reader = Reader(data)
    try:
        if reader.integer(1) != 1:
            return "UNSUPPORTED_VERSION"
        decoded = MESSAGES[message](reader)
        if reader.at != len(data):
            return "MALFORMED_BODY"
        return decoded
    except Refused as refused:
        return refused.code


def entry_bytes(one):
    count = one["count"].to_bytes(4, "big")
    return bytes.fromhex(one["readingId"]) + bytes.fromhex(one["sensorId"]) + count


def flag_key(scope, one):
    number = int.from_bytes(bytes.fromhex(one["readingId"])[:2], "big") >> 6
    numbers = ((scope["window"], 8), (scope["group"], 2), (number, 2))
    prefix = b"".join(part.to_bytes(width, "big") for part, width in numbers)
    return bytes.fromhex(scope["stream"]) + prefix + entry_bytes(one)


def set_hash(key, members):
    hashes = (sha256(key + entry_bytes(one)).digest() for one in members)
    return sum(int.from_bytes(one, "big") for one in hashes) % 2**256


def check_messages(vectors, expect):
    for case in vectors["messages"]:
        expect(case["message"], decode(case["message"], bytes.fromhex(case["bytes"])), case["value"])
    for case in vectors["refused"]:
        expect(case["why"], decode(case["message"], bytes.fromhex(case["bytes"])), case["code"])
    for case in vectors["flagKeys"]:
        expect("flag key", flag_key(case["scope"], case["entry"]).hex(), case["key"])
    for case in vectors["setHashes"]:
        found = case["digest"]
        expect("set hash", set_hash(bytes.fromhex(case["key"]), case["entries"]), int(found["hash"], 16))
        expect("set count", len(case["entries"]), found["count"])
        expect("set readings", sum(one["count"] for one in case["entries"]), found["readings"])
    missing = set(MESSAGES) - {case["message"] for case in vectors["messages"]}
    expect("messages without a sample", missing, set())
