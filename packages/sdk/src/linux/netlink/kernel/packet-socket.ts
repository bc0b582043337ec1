/** Frames of our own onto a link (packet(7)). */
import { close } from 'node:fs';
import { promisify } from 'node:util';
import type { Announcement } from '../messages/announcement.ts';
import { AF_PACKET, SOCK_DGRAM, sendTo, socket } from './libc.ts';

/** Sends from this thread's namespace. @throws DpuError FAILED_PRECONDITION on a link that is down */
export function sendFrames(link: number, frames: readonly Announcement[]): void {
  // Protocol 0: it receives nothing.
  const fd = socket(AF_PACKET, SOCK_DGRAM, 0);
  try {
    for (const { packet, protocol, destination } of frames)
      sendTo(fd, packet, linkAddress(link, protocol, destination));
  } finally {
    // It was open: there is nothing to report.
    closing = closing.then(() => closed(fd)).catch(() => {});
  }
}

const closed = promisify(close);
/**
 * The kernel closes a packet socket only after all processors have let go of it, which takes some 10 ms
 * (net/packet/af_packet.c packet_release). Nobody waits for that, and one thread of the pool at most.
 */
let closing: Promise<void> = Promise.resolve();

/** linux/if_packet.h struct sockaddr_ll */
function linkAddress(link: number, protocol: number, destination: Buffer): Buffer {
  const bytes = Buffer.alloc(20);
  bytes.writeUInt16LE(AF_PACKET, 0);
  bytes.writeUInt16BE(protocol, 2);
  bytes.writeInt32LE(link, 4);
  bytes[11] = destination.length;
  bytes.set(destination, 12);
  return bytes;
}
