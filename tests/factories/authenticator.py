"""An authenticator in software: a real key pair, real signatures, and lies where they are asked."""

import base64
import hashlib
import json
import secrets
import struct

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

USER_PRESENT, USER_VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Authenticator:
    """One passkey on one device. `counts`: whether its counter moves at all."""

    def __init__(self, origin="http://localhost", *, counts=True):
        self.origin, self.host = origin, origin.split("://")[1].split(":")[0]
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.credential_id = secrets.token_bytes(32)
        self.counts, self.count, self.handle = counts, 0, None

    def make(self, options, *, verified=True, **lies):
        """The answer to creation options, as the page would send it."""
        self.handle = unb64(options["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
        flags = USER_PRESENT | ATTESTED | (USER_VERIFIED if verified else 0)
        data = self._data(flags, lies.get("host"))
        data += bytes(16) + struct.pack(">H", len(self.credential_id)) + self.credential_id
        attested = {"fmt": "none", "attStmt": {}, "authData": data + cbor2.dumps(public)}
        return self._answer(
            attestationObject=b64(cbor2.dumps(attested)), transports=["internal", "by-pigeon"],
            clientDataJSON=b64(self._client("webauthn.create", options, lies)),
        )  # fmt: skip

    def sign(self, options, *, verified=True, **lies):
        """The answer to request options."""
        self.count += self.counts
        flags = USER_PRESENT | (USER_VERIFIED if verified else 0)
        data = self._data(flags, lies.get("host"))
        client = self._client("webauthn.get", options, lies)
        signed = data + hashlib.sha256(client).digest()
        signature = self.key.sign(signed, ec.ECDSA(hashes.SHA256()))
        return self._answer(
            authenticatorData=b64(data), signature=b64(signature), clientDataJSON=b64(client),
            userHandle=b64(lies.get("handle", self.handle)),
        )  # fmt: skip

    def _data(self, flags, host):
        return struct.pack(
            ">32sBI", hashlib.sha256((host or self.host).encode()).digest(), flags, self.count
        )

    def _client(self, kind, options, lies):
        document = {
            "type": lies.get("kind", kind),
            "challenge": lies.get("challenge", options["challenge"]),
            "origin": lies.get("origin", self.origin),
            "crossOrigin": False,
        }
        return json.dumps(document).encode()

    def _answer(self, **response):
        name = b64(self.credential_id)
        document = {"id": name, "rawId": name, "type": "public-key", "response": response}
        return json.dumps(document | {"clientExtensionResults": {}})
