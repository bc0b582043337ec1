/** The C library's calls on sockets and namespaces. Each throws a {@link DpuError} by errno. */
import { untilNul } from '../messages/attributes.ts';
import { kernelError } from './kernel-error.ts';
import { koffi, type NativeFunction } from './koffi.ts';

/** bits/socket.h, bits/socket_type.h, linux/socket.h */
export const AF_PACKET = 17;
export const AF_NETLINK = 16;
export const SOCK_RAW = 3;
export const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_TRUNC = 0x20;
const MSG_DONTWAIT = 0x40;
/** linux/sched.h */
const CLONE_NEWNET = 0x40000000;

/** asm-generic/errno.h */
export const EAGAIN = 11;
export const ENOBUFS = 105;

function functions() {
  const library = koffi().load('libc.so.6');
  return {
    socket: library.func('socket', 'int', ['int', 'int', 'int']),
    bind: library.func('bind', 'int', ['int', 'void*', 'uint']),
    setsockopt: library.func('setsockopt', 'int', ['int', 'int', 'int', 'void*', 'uint']),
    send: library.func('send', 'long', ['int', 'void*', 'size_t', 'int']),
    sendto: library.func('sendto', 'long', ['int', 'void*', 'size_t', 'int', 'void*', 'uint']),
    recv: library.func('recv', 'long', ['int', 'void*', 'size_t', 'int']),
    ioctl: library.func('ioctl', 'int', ['int', 'ulong', 'void*']),
    setns: library.func('setns', 'int', ['int', 'int']),
    if_nametoindex: library.func('if_nametoindex', 'uint', ['string']),
    if_indextoname: library.func('if_indextoname', 'void*', ['uint', 'void*']),
  } satisfies Record<string, NativeFunction>;
}

let loaded: ReturnType<typeof functions> | undefined;

function libc(): ReturnType<typeof functions> {
  loaded ??= functions();
  return loaded;
}

function checked(result: number, what: string): number {
  if (result < 0) throw kernelError(koffi().errno(), what);
  return result;
}

export function socket(domain: number, type: number, protocol: number): number {
  return checked(libc().socket(domain, type | SOCK_CLOEXEC, protocol), 'socket');
}

export function bind(fd: number, address: Buffer): void {
  checked(libc().bind(fd, address, address.length), 'bind');
}

export function setSocketOption(fd: number, level: number, option: number, value: number): void {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  checked(libc().setsockopt(fd, level, option, bytes, bytes.length), `setsockopt ${option}`);
}

/**
 * How many threads of the pool may be within `send` or `ioctl`, where the kernel does a message's work. It does one at a time, as
 * most of that takes its one network lock: the second is there to follow at once, more would only keep the pool from
 * everything else.
 */
const sendersAtOnce = 2;
let senders = 0;
const waitingSenders: (() => void)[] = [];

export function send(fd: number, message: Buffer): Promise<void> {
  return inTurn(() => sendOnThread(fd, message));
}

/** What the kernel answers it writes into the argument. */
export function ioctl(fd: number, request: number, argument: Buffer, what: string): Promise<void> {
  return inTurn(() => ioctlOnThread(fd, request, argument, what));
}

async function inTurn(work: () => Promise<void>): Promise<void> {
  if (senders < sendersAtOnce) senders += 1;
  else await new Promise<void>((resolve) => waitingSenders.push(resolve));
  try {
    await work();
  } finally {
    const next = waitingSenders.shift();
    if (next) next();
    else senders -= 1;
  }
}

/** For what the kernel does without a wait. */
export function sendAtOnce(fd: number, message: Buffer): void {
  checked(libc().send(fd, message, message.length, 0), 'send');
}

function sendOnThread(fd: number, message: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    libc().send.async(fd, message, message.length, 0, (error, result) => {
      if (error) reject(error);
      else if (result < 0) reject(kernelError(koffi().errno(), 'send'));
      else resolve();
    });
  });
}

function ioctlOnThread(fd: number, request: number, argument: Buffer, what: string): Promise<void> {
  return new Promise((resolve, reject) => {
    libc().ioctl.async(fd, request, argument, (error, result) => {
      if (error) reject(error);
      else if (result < 0) reject(kernelError(koffi().errno(), what));
      else resolve();
    });
  });
}

export function sendTo(fd: number, frame: Buffer, address: Buffer): void {
  checked(libc().sendto(fd, frame, frame.length, MSG_DONTWAIT, address, address.length), 'sendto');
}

/** How many bytes there were, also where the buffer is too short for them, or a negative errno. Never waits for a sender. */
export function receive(fd: number, buffer: Buffer): number {
  const length = libc().recv(fd, buffer, buffer.length, MSG_DONTWAIT | MSG_TRUNC);
  return length < 0 ? -koffi().errno() : length;
}

/** The same on a thread of the pool: the kernel makes the next part of a dump inside this call. */
export function receiveOnThread(fd: number, buffer: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    libc().recv.async(fd, buffer, buffer.length, MSG_DONTWAIT | MSG_TRUNC, (error, length) => {
      if (error) reject(error);
      else resolve(length < 0 ? -koffi().errno() : length);
    });
  });
}

/** Puts this thread into the network namespace of the open file. */
export function enterNetworkNamespace(fd: number): void {
  checked(libc().setns(fd, CLONE_NEWNET), 'setns');
}

/** In this thread's namespace, without the kernel's network lock; undefined where no link has that very name. */
export function interfaceIndex(name: string): number | undefined {
  const index = libc().if_nametoindex(name);
  const itsName = Buffer.alloc(16);
  // The kernel takes alternative names too.
  if (index !== 0) libc().if_indextoname(index, itsName);
  return untilNul(itsName) === name ? index : undefined;
}
