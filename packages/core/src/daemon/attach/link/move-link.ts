/** Moves a link to another network namespace, also where names stand in the way. */
import { DpuError } from '@dpu-operator/sdk';
import type { LinkChanges, Netlink, NetworkNamespace } from '@dpu-operator/sdk/linux';

export interface MoveTarget {
  namespace: NetworkNamespace;
  /** Its links; asked for only where a name is in the way. */
  open: () => Netlink;
}

export interface MoveChanges extends LinkChanges {
  name: string;
}

interface MovedLink {
  index: number;
  /** Before the move. */
  name: string;
}

/**
 * The kernel moves a link under its old name where that is free, and renames it then. Alternative names move along.
 *
 * @throws DpuError ALREADY_EXISTS where another link there has the name, also as an alternative one
 */
export async function moveLink(
  from: Netlink,
  link: MovedLink,
  target: MoveTarget,
  changes: MoveChanges,
): Promise<void> {
  const move = () => from.changeLink(link.index, { ...changes, netnsFd: target.namespace.fd });
  if (await unlessNameTaken(move)) return;
  const there = target.open();
  try {
    if (await dropAltNamesInUse(from, link, there)) {
      if (await unlessNameTaken(move)) return;
    }
    await renameThere(there, link, changes);
  } finally {
    there.close();
  }
}

/** Whether the kernel did it. */
async function unlessNameTaken(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (DpuError.from(error).code === 'ALREADY_EXISTS') return false;
    throw error;
  }
}

/** A link does not leave with an alternative name that is in use where it goes. @returns whether there was one */
async function dropAltNamesInUse(from: Netlink, link: MovedLink, there: Netlink): Promise<boolean> {
  const still = await from.findLinkProperties(link.index);
  if (still?.name !== link.name) return false;
  const inUse: string[] = [];
  for (const name of still.altNames ?? []) {
    if (await there.findLinkProperties(name)) inUse.push(name);
  }
  if (inUse.length > 0) await from.removeAltNames(link.index, inUse);
  return inUse.length > 0;
}

/** It is there under its old name. The wanted one may be an alternative name of its own. */
async function renameThere(there: Netlink, link: MovedLink, changes: MoveChanges): Promise<void> {
  const moved = await there.findLinkProperties(link.name);
  if (moved?.name !== link.name || !moved.altNames?.includes(changes.name)) throw await nameTaken(there, changes.name);
  await there.removeAltNames(moved.index, [changes.name]);
  await there.changeLink(moved.index, changes);
}

async function nameTaken(there: Netlink, name: string): Promise<DpuError> {
  const holder = await there.findLinkProperties(name);
  const holds =
    holder && holder.name !== name ? `${name} is an alternative name of ${holder.name}` : `${name} is an interface`;
  return new DpuError('ALREADY_EXISTS', `the device cannot be named ${name}: ${holds} there`);
}
