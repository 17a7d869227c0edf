#!/usr/bin/env python3
"""Knocks with a key: sends one datagram of docs/knock-packet.md. Needs the package `cryptography`.

    python3 knock.py FILE       # FILE holds the line that begins with sesame:
"""
import base64, hashlib, hmac, random, socket, struct, sys, time
from urllib.parse import parse_qs
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def mac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def derive(secret, label):
    return HKDF(SHA256(), 32, b"", b"sesame knock 1 " + label).derive(secret)


def read_key(text):
    """Returns the secret K and the seed."""
    data = base64.urlsafe_b64decode(text.removeprefix("key1:") + "=")
    if not text.startswith("key1:") or len(data) != 68:
        sys.exit("not a key")
    if hashlib.sha256(b"key1:" + data[:64]).digest()[:4] != data[64:]:
        sys.exit("the key has a typing error")
    return data[:32], data[32:64]


def seal(secret, seed, microseconds, slot, door, seconds=0, address=bytes(16)):
    """Returns the 144 bytes of a packet."""
    minute = struct.pack(">Q", microseconds // 60_000_000)
    hint = mac(derive(secret, b"hint"), minute)[8 * slot : 8 * slot + 8]
    door_id = hashlib.sha256(b"sesame door 1\0" + door.encode()).digest()[:8]
    kind_and_seconds = 1 << 24 | seconds
    fields = struct.pack(">QI", microseconds, kind_and_seconds) + address + door_id + bytes(8)
    signed = b"sesame knock 1\0" + derive(secret, b"bind") + hint + fields
    plaintext = fields + Ed25519PrivateKey.from_private_bytes(seed).sign(signed)
    nonce = mac(derive(secret, b"nonce"), hint + plaintext)[:12]
    return hint + nonce + AESGCM(derive(secret, b"seal")).encrypt(nonce, plaintext, hint)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        link = parse_qs(file.read().strip().partition("#")[2])
    secret, seed = read_key(link["key"][0])
    microseconds = time.time_ns() // 1_000_000 * 1000 + random.randrange(1000)
    slot = random.randrange(4)
    places = socket.getaddrinfo(link["host"][0], int(link["port"][0]), type=socket.SOCK_DGRAM)
    # Each packet of a process has a time and a slot of its own.
    for number, (family, kind, protocol, _, place) in enumerate(places):
        packet = seal(secret, seed, microseconds + number, (slot + number) % 4, link["door"][0])
        try:
            with socket.socket(family, kind, protocol) as udp:
                udp.sendto(packet, place)
        except OSError as error:  # a host without IPv6 has no way to such an address
            print(f"{place[0]}: {error.strerror}", file=sys.stderr)


if __name__ == "__main__":
    main()
