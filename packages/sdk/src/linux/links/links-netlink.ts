/** Network links by the kernel's own interfaces: no program is started for what is asked for often. */
import { activeOffloads, setOffloads } from '../netlink/ethtool.ts';
import { Netlink } from '../netlink/netlink.ts';
import { type BatchFailure, type IpCommand, isLinkCommand, type LinkCommand } from './ip-commands.ts';
import type { Link } from './link.ts';
import { type LinkFilter, Links } from './links.ts';
import type { Offload } from './links-offload.ts';

/**
 * {@link Links} over netlink and ioctl. Commands that are text are left to `ip`, in their place among the others.
 *
 * @example
 * const links = new NetlinkLinks(exec);
 * await links.batch([{ create: { name: 'vf0', kind: 'veth', peer: { name: 'rep0' } } }, { set: 'rep0', up: true }]);
 */
export class NetlinkLinks extends Links {
  override at(netns: string): Links {
    return new NetlinkLinks(this.exec, netns);
  }

  override list({ name, kind }: LinkFilter = {}): Promise<Link[]> {
    return this.#use(async (netlink) => {
      const links = name === undefined ? await netlink.listLinks() : [(await netlink.findLink(name)) ?? []].flat();
      return links.filter((link) => kind === undefined || link.kind === kind);
    });
  }

  override async batch(
    commands: readonly IpCommand[],
    { force = false }: { force?: boolean } = {},
  ): Promise<BatchFailure[]> {
    const failures: BatchFailure[] = [];
    for (const { first, part } of partsOf(commands)) {
      const failed = part.every(isLinkCommand) ? await this.#change(part, force) : await super.batch(part, { force });
      failures.push(...failed.map(({ line, error }) => ({ line: line + first, error })));
    }
    return failures;
  }

  override async batchAndList(commands: readonly IpCommand[]): Promise<{ links: Link[]; failures: BatchFailure[] }> {
    const failures = await this.batch(commands, { force: true });
    return { links: await this.list(), failures };
  }

  override disableOffloads(link: string, offloads: readonly Offload[]): Promise<void> {
    return setOffloads(this.netns, link, offloads, false);
  }

  override enableOffloads(link: string, offloads: readonly Offload[]): Promise<void> {
    return setOffloads(this.netns, link, offloads, true);
  }

  override activeOffloads(link: string, offloads: readonly Offload[]): Promise<Offload[]> {
    return activeOffloads(this.netns, link, offloads);
  }

  #change(commands: readonly LinkCommand[], force: boolean): Promise<BatchFailure[]> {
    return this.#use(async (netlink) => {
      if (!force) {
        for (const command of commands) {
          const [error] = await netlink.changeLinks([command]);
          if (error) throw error;
        }
        return [];
      }
      const gone = commands.flatMap((command) => ('delete' in command ? command.delete : []));
      const answers = await (gone.length === commands.length
        ? netlink.deleteLinks(gone)
        : netlink.changeLinks(commands));
      return answers.flatMap((error, line) => (error ? { line, error } : []));
    });
  }

  async #use<T>(work: (netlink: Netlink) => Promise<T>): Promise<T> {
    const netlink = new Netlink(this.netns);
    try {
      return await work(netlink);
    } finally {
      netlink.close();
    }
  }
}

/** Neighbours of one sort, with the place of the first. */
function partsOf(commands: readonly IpCommand[]): { first: number; part: IpCommand[] }[] {
  const parts: { first: number; part: IpCommand[] }[] = [];
  for (const [index, command] of commands.entries()) {
    const last = parts.at(-1);
    const before = last?.part.at(-1);
    if (last && before !== undefined && isLinkCommand(before) === isLinkCommand(command)) last.part.push(command);
    else parts.push({ first: index, part: [command] });
  }
  return parts;
}
