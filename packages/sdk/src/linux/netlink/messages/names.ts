/** Names of links. */
import { DpuError } from '../../../errors.ts';

/** linux/if.h, with the NUL at the end */
const IFNAMSIZ = 16;
/** linux/if.h, with the NUL at the end: of alternative names */
const ALTIFNAMSIZ = 128;

/**
 * A name to give.
 *
 * @throws DpuError INVALID_ARGUMENT for a name that the kernel refuses (net/core/dev.c dev_valid_name), or would take
 * for a pattern: it makes `eth0` of `eth%d`
 */
export function checkLinkName(name: string): string {
  const bytes = Buffer.byteLength(name);
  if (bytes >= IFNAMSIZ) throw refused(name, `has ${bytes} bytes; a link's name has at most ${IFNAMSIZ - 1}`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: NUL would cut the name off
  if (/^(\.{1,2})?$|[\s/:%\u0000-\u001f\u007f]/.test(name)) throw refused(name, 'is no name of a link');
  return name;
}

/**
 * A name to look for. The kernel lets an alternative name have any characters.
 *
 * @returns whether only an alternative name can be that long
 * @throws DpuError INVALID_ARGUMENT
 */
export function isLongName(name: string): boolean {
  const bytes = Buffer.byteLength(name);
  if (bytes === 0 || bytes >= ALTIFNAMSIZ || name.includes('\0')) throw refused(name, 'cannot be the name of a link');
  return bytes >= IFNAMSIZ;
}

const refused = (name: string, why: string): DpuError =>
  new DpuError('INVALID_ARGUMENT', `${JSON.stringify(name)} ${why}`);

/** Six bytes of `02:00:00:00:00:01`. @throws DpuError INVALID_ARGUMENT */
export function macBytes(mac: string): Buffer {
  if (/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(mac)) return Buffer.from(mac.replaceAll(':', ''), 'hex');
  throw new DpuError('INVALID_ARGUMENT', `${JSON.stringify(mac)} is not a MAC address such as 02:00:00:00:00:01`);
}

export function macText(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString('hex')
    .replace(/..(?!$)/g, '$&:');
}
