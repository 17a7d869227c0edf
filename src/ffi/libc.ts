// The C library through koffi: declarations and nothing else. Numbers are those of Linux on the
// architectures with the generic ABI (x86-64, arm64, riscv64, loongarch64, ia32, arm).

import type { KoffiFunc } from "koffi";
import { KnockError } from "../base/errors.ts";
import koffi from "./koffi.ts";

const EPERM = 1;

const libc = koffi.load("libc.so.6");

/** socket(2) */
export const socket: (domain: number, type: number, protocol: number) => number = libc.func(
  "int socket(int, int, int)",
);
/** bind(2) */
export const bind: (fd: number, address: Uint8Array, length: number) => number = libc.func(
  "int bind(int, const void *, uint32_t)",
);
/** getsockname(2); `length` is a native 32-bit integer, in and out. */
export const getsockname: (fd: number, address: Uint8Array, length: Uint8Array) => number =
  libc.func("int getsockname(int, void *, void *)");
/** close(2) */
export const close: (fd: number) => number = libc.func("int close(int)");
/** setsockopt(2) */
export const setsockopt: KoffiFunc<
  (fd: number, level: number, option: number, value: Uint8Array, length: number) => number
> = libc.func("int setsockopt(int, int, int, const void *, uint32_t)");

/** What threads read, and so must not be garbage-collected. */
const inUse = new Set<Uint8Array>();

/** The same, on a thread: what the kernel takes its time for. `value` must not change meanwhile. */
export function setsockoptBeside(
  fd: number,
  level: number,
  option: number,
  value: Uint8Array,
): Promise<number> {
  return new Promise((resolve, reject) => {
    inUse.add(value);
    setsockopt.async(fd, level, option, value, value.length, (error: unknown, status: number) => {
      inUse.delete(value);
      if (error) reject(error);
      else resolve(status);
    });
  });
}
/** getsockopt(2); `length` is a native 32-bit integer, in and out. */
export const getsockopt: (
  fd: number,
  level: number,
  option: number,
  value: Uint8Array,
  length: Uint8Array,
) => number = libc.func("int getsockopt(int, int, int, void *, void *)");
/** recv(2) */
export const recv: (fd: number, buffer: Uint8Array, length: number, flags: number) => number =
  libc.func("intptr_t recv(int, void *, size_t, int)");
/** sendto(2) */
export const sendto: (
  fd: number,
  data: Uint8Array,
  length: number,
  flags: number,
  address: Uint8Array,
  addressLength: number,
) => number = libc.func("intptr_t sendto(int, const void *, size_t, int, const void *, uint32_t)");
/** mmap(2) with a null hint; the address, or all ones (MAP_FAILED). */
export const mmap: (
  hint: null,
  length: number,
  protection: number,
  flags: number,
  fd: number,
  offset: number,
) => bigint = libc.func("void *mmap(void *, size_t, int, int, int, int64_t)");
/** munmap(2) */
export const munmap: (address: bigint, length: number) => number = libc.func(
  "int munmap(void *, size_t)",
);
/** madvise(2) */
export const madvise: (address: bigint, length: number, advice: number) => number = libc.func(
  "int madvise(void *, size_t, int)",
);
/** malloc_trim(3) */
export const trimMalloc: (pad: number) => number = libc.func("int malloc_trim(size_t)");
/** ioctl(2) with a pointer. */
export const ioctl: (fd: number, request: number, argument: Uint8Array) => number = libc.func(
  "int ioctl(int, unsigned long, void *)",
);
/** _exit(2): ends the process without waiting for its threads. */
export const exitAtOnce: (status: number) => void = libc.func("void _exit(int)");
/** flock(2) */
export const flock: (fd: number, operation: number) => number = libc.func("int flock(int, int)");
/** memfd_create(2) */
export const memfdCreate: (name: string, flags: number) => number = libc.func(
  "int memfd_create(const char *, unsigned int)",
);
/** fcntl(2) with a number. */
export const fcntl: (fd: number, command: number, argument: number) => number = libc.func(
  "int fcntl(int, int, int)",
);
/** adjtimex(2); `timex` has room for struct timex, whose first member, modes, is 0: nothing is set. */
export const adjtimex: (timex: Uint8Array) => number = libc.func("int adjtimex(void *)");
/** dup2(2) */
export const dup2: (from: number, to: number) => number = libc.func("int dup2(int, int)");
/** prctl(2) */
export const prctl: (option: number, value: number) => number = libc.func(
  "int prctl(int, unsigned long)",
);

const strerror: (number: number) => string = libc.func("const char *strerror(int)");

/** The errno of the call that has just failed. Stale after a success: ask only after a failure. */
export function errno(): number {
  return koffi.errno();
}

/** An integer of 32 bits in memory, as setsockopt(2) and its like want it. */
export function int32(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer);
}

/** The address of `bytes`, for C structures that hold a pointer. Keep `bytes` referenced meanwhile. */
export function addressOf(bytes: Uint8Array): bigint {
  return koffi.address(bytes);
}

/** C memory as bytes, without a copy: writes show on both sides. Must not be used after munmap. */
export function view(address: bigint, length: number): ArrayBuffer {
  return koffi.view(address, length);
}

/** What a user who is not root needs. */
const capabilities = {
  CAPTURE: "CAP_NET_RAW",
  FIREWALL: "CAP_NET_ADMIN",
  SYSTEM: "the capabilities it needs",
} as const;

/** An error that names the call and says what the kernel said. */
export function systemError(
  code: "CAPTURE" | "FIREWALL" | "SYSTEM",
  attempted: string,
  number: number = errno(),
): KnockError {
  const hints = number === EPERM ? [`run it as root, or with ${capabilities[code]}`] : [];
  return new KnockError(code, `${attempted}: ${strerror(number)}`, { hints });
}
