/**
 * Offloads of links by ioctl SIOCETHTOOL (linux/ethtool.h): its commands for single offloads are as old as the offloads,
 * while netlink has had features of links only since Linux 5.8.
 */
import { closeSync } from 'node:fs';
import { DpuError } from '../../errors.ts';
import type { Offload } from '../links/links-offload.ts';
import { koffi } from './kernel/koffi.ts';
import { AF_NETLINK, ioctl, SOCK_RAW, socket } from './kernel/libc.ts';
import { NetworkNamespace } from './kernel/namespace.ts';
import { checkLinkName } from './messages/names.ts';

/** linux/sockios.h */
const SIOCETHTOOL = 0x8946;
/** linux/ethtool.h ETHTOOL_G… and ETHTOOL_S… */
const commands: Record<Offload, { get: number; set: number }> = {
  rx: { get: 0x14, set: 0x15 },
  tx: { get: 0x16, set: 0x17 },
  gro: { get: 0x2b, set: 0x2c },
};
/** linux/if.h `struct ifreq`: the name, then a pointer */
const nameLength = 16;
const ifreqLength = 40;

/**
 * Switches offloads on or off.
 *
 * @throws DpuError NOT_FOUND without the link, UNIMPLEMENTED where it cannot be set, INTERNAL where it stays as it was
 */
export async function setOffloads(
  netns: string | undefined,
  link: string,
  offloads: readonly Offload[],
  on: boolean,
): Promise<void> {
  await withSocket(netns, async (fd) => {
    for (const offload of offloads) {
      const { get, set } = commands[offload];
      if ((await call(fd, link, get)) === on) continue;
      await call(fd, link, set, on);
      // The kernel says nothing where a driver does not follow.
      if ((await call(fd, link, get)) !== on) {
        throw new DpuError('INTERNAL', `offload ${offload} of link ${link} cannot be switched ${on ? 'on' : 'off'}`);
      }
    }
  });
}

/** Which of them are on. @throws DpuError NOT_FOUND without the link */
export function activeOffloads(
  netns: string | undefined,
  link: string,
  offloads: readonly Offload[],
): Promise<Offload[]> {
  return withSocket(netns, async (fd) => {
    const active: Offload[] = [];
    for (const offload of offloads) if (await call(fd, link, commands[offload].get)) active.push(offload);
    return active;
  });
}

/** The value behind the request, as the kernel left it: `struct ethtool_value`, a command and a number. */
async function call(fd: number, link: string, command: number, value = false): Promise<boolean> {
  const bytes = Buffer.alloc(ifreqLength + 8);
  bytes.write(checkLinkName(link));
  bytes.writeUInt32LE(command, ifreqLength);
  bytes.writeUInt32LE(Number(value), ifreqLength + 4);
  bytes.writeBigUInt64LE(koffi().address(bytes) + BigInt(ifreqLength), nameLength);
  await ioctl(fd, SIOCETHTOOL, bytes, `offloads of link ${link}`);
  return bytes.readUInt32LE(ifreqLength + 4) !== 0;
}

async function withSocket<T>(netns: string | undefined, work: (fd: number) => Promise<T>): Promise<T> {
  const namespace = netns === undefined ? NetworkNamespace.home : NetworkNamespace.open(netns);
  try {
    // Any socket does; it stands for the namespace.
    const fd = namespace.run(() => socket(AF_NETLINK, SOCK_RAW, 0));
    try {
      return await work(fd);
    } finally {
      closeSync(fd);
    }
  } finally {
    namespace.close();
  }
}
