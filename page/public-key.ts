// The public half of an Ed25519 key (RFC 8032 §5.1): browsers sign by a seed, but not all tell the public half.
import { concat } from "./bytes.ts";

/** A point in extended coordinates (RFC 8032 §5.1.4). */
type CurvePoint = readonly [x: bigint, y: bigint, z: bigint, t: bigint];

const prime = 2n ** 255n - 19n;
const d = divide(-121_665n, 121_666n);
const baseX = 15112221349535400772501151409588531511454012693041857206046113283949847762202n;
const baseY = divide(4n, 5n);
const base: CurvePoint = [baseX, baseY, 1n, mod(baseX * baseY)];

/** Returns the 32 bytes of the public key. Its time depends on the seed: once, when a key is read. */
export async function publicKeyOf(seed: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-512", seed)).slice(0, 32);
  const number = toNumber(digest);
  let scalar = (number & ((1n << 254n) - 8n)) | (1n << 254n);
  let sum: CurvePoint = [0n, 1n, 1n, 0n];
  for (let power = base; scalar > 0n; scalar >>= 1n, power = add(power, power)) {
    if (scalar & 1n) sum = add(sum, power);
  }
  const [x, y, z] = sum;
  return toBytes(divide(y, z) | ((divide(x, z) & 1n) << 255n));
}

function add([x1, y1, z1, t1]: CurvePoint, [x2, y2, z2, t2]: CurvePoint): CurvePoint {
  const [a, b, c, e] = [x1 * x2, y1 * y2, d * t1 * t2, z1 * z2];
  const [f, g, h, i] = [(x1 + y1) * (x2 + y2) - a - b, e - c, e + c, a + b];
  return [mod(f * g), mod(h * i), mod(g * h), mod(f * i)];
}

function mod(value: bigint): bigint {
  return ((value % prime) + prime) % prime;
}

function divide(a: bigint, b: bigint): bigint {
  let result = a;
  let square = b;
  for (let power = prime - 2n; power > 0n; power >>= 1n) {
    if (power & 1n) result = mod(result * square);
    square = mod(square * square);
  }
  return result;
}

function toNumber(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

function toBytes(value: bigint): Uint8Array<ArrayBuffer> {
  return concat(Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n)));
}
