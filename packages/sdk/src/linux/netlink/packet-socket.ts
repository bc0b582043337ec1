/** Frames of our own onto a link (packet(7)). */
import { closeSync } from 'node:fs';
import type { Announcement } from './announcement.ts';
import { AF_PACKET, SOCK_DGRAM, sendTo, socket } from './libc.ts';

/** Sends from this thread's namespace. @throws DpuError FAILED_PRECONDITION on a link that is down */
export function sendFrames(link: number, frames: readonly Announcement[]): void {
  // Protocol 0: it receives nothing.
  const fd = socket(AF_PACKET, SOCK_DGRAM, 0);
  try {
    for (const { packet, protocol, destination } of frames)
      sendTo(fd, packet, linkAddress(link, protocol, destination));
  } finally {
    closeSync(fd);
  }
}

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
