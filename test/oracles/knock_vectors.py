"""Holds the vectors against Python's `cryptography` package. It shares no code with src/knock.

    python3 test/oracles/knock_vectors.py docs/knock-vectors.json
"""
import base64, hashlib, hmac, ipaddress, json, pathlib, struct, sys
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

MINUTE = 60_000_000
mac = lambda key, data: hmac.new(key, data, hashlib.sha256).digest()

class Keys:
    def __init__(self, secret):
        for x in ("hint", "seal", "nonce", "bind"):
            setattr(self, x, HKDF(SHA256(), 32, b"", b"sesame knock 1 " + x.encode()).derive(secret))
    def hints(self, minute):
        whole = mac(self.hint, struct.pack(">Q", minute))
        return [whole[8 * slot:8 * slot + 8] for slot in range(4)]
    def signed(self, hint, fields):
        return b"sesame knock 1\0" + self.bind + hint + fields

def door_id(name): return hashlib.sha256(b"sesame door 1\0" + name.encode()).digest()[:8]

def seal(secret, seed, time, slot, kind, seconds, address, door):
    keys = Keys(secret)
    ip = ipaddress.ip_address(address)
    ip = bytes(10) + b"\xff\xff" + ip.packed if ip.version == 4 else ip.packed
    fields = struct.pack(">QB", time, kind) + seconds.to_bytes(3, "big") + ip + door_id(door) + bytes(8)
    hint = keys.hints(time // MINUTE)[slot]
    plaintext = fields + Ed25519PrivateKey.from_private_bytes(seed).sign(keys.signed(hint, fields))
    nonce = mac(keys.nonce, hint + plaintext)[:12]
    return hint + nonce + AESGCM(keys.seal).encrypt(nonce, plaintext, hint)

def take(packet, secret, public, now, used, freshness):
    if len(packet) != 144: return "form"
    keys, hint, nonce, around = Keys(secret), packet[:8], packet[8:20], -(-freshness // MINUTE)
    minutes = [m for m in range(now // MINUTE - around, now // MINUTE + around + 1) if hint in keys.hints(m)]
    if not minutes: return "hint"
    try: plaintext = AESGCM(keys.seal).decrypt(nonce, packet[20:], hint)
    except InvalidTag: return "tag"
    fields = plaintext[:44]
    (time,) = struct.unpack(">Q", fields[:8])
    if mac(keys.nonce, hint + plaintext)[:12] != nonce: return "form"
    if fields[8] != 1 or fields[36:] != bytes(8) or time // MINUTE != minutes[0]: return "form"
    if abs(time - now) > freshness: return "clock"
    if time in used: return "replay"
    try: Ed25519PublicKey.from_public_bytes(public).verify(plaintext[44:], keys.signed(hint, fields))
    except InvalidSignature: return "signature"
    return "ok"

def carried(data):
    if len(data) < 20 or len(data) % 4 or struct.unpack(">HHI", data[:8]) != (1, len(data) - 20, 0x2112A442): return None
    at = 20
    for _ in range(4):
        if at + 4 > len(data): return None
        kind, length = struct.unpack(">HH", data[at:at + 4])
        value = data[at + 4:at + 4 + length]
        if len(value) != length: return None
        if kind == 6:
            standard = set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
            return base64.b64decode(value[:192]) if len(value) >= 193 and set(value[:192]) <= standard and value[192:193] == b":" else None
        at += 4 + -(-length // 4) * 4
    return None

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
def multiply(n, point):  # affine, slow, plain
    def add(a, b):
        (x1, y1), (x2, y2) = a, b
        t = D * x1 * x2 * y1 * y2 % P
        return (x1 * y2 + x2 * y1) * pow(1 + t, -1, P) % P, (y1 * y2 + x1 * x2) * pow(1 - t, -1, P) % P
    total = (0, 1)
    for _ in range(n): total = add(total, point)
    return total
def check_public(raw):
    number = int.from_bytes(raw, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    if y >= P: return "not canonical"
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square: x = x * pow(2, (P - 1) // 4, P) % P
    if x * x % P != square: return "no point of the curve"
    if x == 0 and sign: return "not canonical"
    return "small order" if multiply(8, (x, y)) == (0, 1) else None
def read_lock(text):
    body = text[6:]
    alphabet = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    if text[:6] != "lock1:" or len(body) != 91 or not set(body) <= alphabet: return "spelling"
    data = base64.urlsafe_b64decode(body + "=")
    if base64.urlsafe_b64encode(data).decode().rstrip("=") != body: return "spelling"
    if hashlib.sha256(b"lock1:" + data[:64]).digest()[:4] != data[64:]: return "checksum"
    return check_public(data[32:64]) or data[:64]

v = json.loads(pathlib.Path(sys.argv[1]).read_text())
i, k = v["input"], v["keys"]
secret, seed = bytes.fromhex(i["K"]), bytes.fromhex(i["seed"])
keys, public, packet = Keys(secret), bytes.fromhex(k["publicKey"]), bytes.fromhex(v["packet"])
assert all(getattr(keys, x).hex() == k[x] for x in ("hint", "seal", "nonce", "bind"))
assert Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw) == public
assert hashlib.sha256(b"sesame key id 1\0" + secret + public).digest()[:8].hex() == k["keyId"]
assert read_lock(k["lock"]) == secret + public
assert [h.hex() for h in keys.hints(int(v["minute"]))] == v["hints"] and door_id(i["door"]).hex() == v["doorId"]
assert seal(secret, seed, int(i["time"]), i["slot"], 1, i["seconds"], i["address"], i["door"]) == packet
assert carried(bytes.fromhex(v["stun"]["datagram"])) == packet
assert all(carried(bytes.fromhex(case["datagram"])) is None for case in v["refusedStun"])
freshness = int(v["accepted"]["freshness"])
assert take(packet, secret, public, int(v["accepted"]["now"]), [], freshness) == "ok"
for case in v["refusedPackets"]:
    lock = read_lock(case.get("lock", k["lock"]))
    got = take(bytes.fromhex(case["packet"]), lock[:32], lock[32:], int(case["now"]), list(map(int, case["used"])), freshness)
    assert got == case["expected"], (case["name"], got)
for case in v["refusedLocks"]:
    assert read_lock(case["lock"]) == case["expected"], case["name"]
    if "forgedPacketThatThisLockWouldAccept" in case:  # why the loader must look: the library takes it
        forged = bytes.fromhex(case["forgedPacketThatThisLockWouldAccept"])
        print("a packet without a private key, under the identity as public key:", take(forged, secret, (1).to_bytes(32, "little"), int(v["accepted"]["now"]), [], freshness))
assert all(check_public(bytes.fromhex(raw)) for raw in v["refusedPublicKeys"])
print("the packet is the same;", len(v["refusedPackets"]), "packets,", len(v["refusedStun"]), "STUN datagrams,", len(v["refusedLocks"]), "locks and", len(v["refusedPublicKeys"]), "public keys refused alike")
