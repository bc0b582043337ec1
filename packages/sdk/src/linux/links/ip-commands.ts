/** Lines of a batch of iproute2, and the errors that it prints. */
import { DpuError } from '../../errors.ts';

/** A line of a batch that the kernel or iproute2 refused. */
export interface BatchFailure {
  /** Counted from 0. */
  line: number;
  error: DpuError;
}

/** A link to make. */
export interface NewLink {
  name: string;
  /** `bridge`, `dummy`, `veth`, `vxlan`, … */
  kind: string;
  mac?: string | undefined;
  /** Bytes. */
  mtu?: number | undefined;
  up?: boolean | undefined;
  /** veth: the other end. */
  peer?: { name: string; mac?: string | undefined; mtu?: number | undefined };
  /** VXLAN: a tunnel with one other end, so that nothing is learned about where an address lives. */
  vxlan?: { vni: number; port: number; local: string; remote: string };
}

/** A change of a link that needs no program: {@link NetlinkLinks} asks the kernel for it. */
export type LinkCommand = { create: NewLink } | { set: string; up: boolean } | { delete: string };

/** One `ip` command: a line of text, or its words, of which none may hold white space or quotes. */
export type IpText = string | readonly string[];

/** A line of a batch: words of `ip`, or a command that netlink does without that program. */
export type IpCommand = IpText | LinkCommand;

/** @throws DpuError INVALID_ARGUMENT for what is no line of a batch */
export function commandLine(command: IpCommand): string {
  if (typeof command === 'string') {
    if (!/[\n\r]/.test(command)) return command;
    throw new DpuError('INVALID_ARGUMENT', `an ip command must be one line: ${JSON.stringify(command)}`);
  }
  if (isLinkCommand(command)) return commandLine(argsOf(command));
  const bad = command.find((word) => word === '' || /[\s"'\\#]/.test(word));
  if (bad === undefined) return command.join(' ');
  throw new DpuError('INVALID_ARGUMENT', `${JSON.stringify(bad)} cannot be a word of an ip command`);
}

/** Whether a line of a batch needs no program. */
export function isLinkCommand(command: IpCommand): command is LinkCommand {
  return typeof command === 'object' && !Array.isArray(command);
}

function argsOf(command: LinkCommand): string[] {
  if ('set' in command) return ['link', 'set', command.set, command.up ? 'up' : 'down'];
  if ('delete' in command) return ['link', 'del', command.delete];
  const { kind, peer, vxlan, up, ...end } = command.create;
  const args = ['link', 'add', ...endArgs(end), ...(up ? ['up'] : []), 'type', kind];
  if (peer) args.push('peer', 'name', ...endArgs(peer));
  if (vxlan) {
    args.push('id', `${vxlan.vni}`, 'local', vxlan.local, 'remote', vxlan.remote);
    args.push('dstport', `${vxlan.port}`, 'nolearning');
  }
  return args;
}

function endArgs({ name, mac, mtu }: Pick<NewLink, 'name' | 'mac' | 'mtu'>): string[] {
  return [name, ...(mac === undefined ? [] : ['address', mac]), ...(mtu === undefined ? [] : ['mtu', `${mtu}`])];
}

/** What `ip -batch` says of the lines that failed. */
export function batchFailures(stderr: string, lines: readonly string[]): BatchFailure[] {
  const failures: BatchFailure[] = [];
  let parts: string[] = [];
  for (const text of stderr.split('\n')) {
    const number = /^Command failed -:(\d+)/.exec(text)?.[1];
    if (number === undefined) {
      if (text.trim()) parts.push(text.trim());
      continue;
    }
    const line = Number(number) - 1;
    failures.push({ line, error: ipError(parts.join(' '), `ip ${lines[line] ?? ''}`) });
    parts = [];
  }
  return failures;
}

/** With the code that stands for the words of the kernel or of iproute2. */
export function ipError(stderr: string, what: string): DpuError {
  const detail = stderr.trim();
  return new DpuError(ipErrorCode(detail), `${what}: ${detail || 'failed without a word'}`);
}

function ipErrorCode(detail: string) {
  const missing = /does not exist|Cannot find device|No such (device|file|process)|Invalid "?netns/i;
  if (missing.test(detail)) return 'NOT_FOUND';
  if (/exists/i.test(detail)) return 'ALREADY_EXISTS';
  return /busy/i.test(detail) ? 'FAILED_PRECONDITION' : 'INTERNAL';
}
