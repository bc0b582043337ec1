/** Network namespaces that stand for nodes, pods and the outside. */
import { existsSync } from 'node:fs';
import { type Exec, type ExecResult, exec, type Link, Links } from '@dpu-operator/sdk/linux';
import { eventually } from '../eventually.ts';

export class Netns {
  readonly name: string;
  readonly path: string;
  readonly links: Links;

  constructor(name: string, prefix: string) {
    this.name = `${prefix}-${name}`;
    this.path = `/var/run/netns/${this.name}`;
    this.links = new Links(exec, this.path);
  }

  async create(): Promise<this> {
    // The kernel makes one at a time, and waits for those that it takes down.
    await exec('ip', ['netns', 'add', this.name], { timeoutMs: 60_000 });
    await this.links.batch(['link set lo up']);
    return this;
  }

  async delete(): Promise<void> {
    if (existsSync(this.path)) await exec('ip', ['netns', 'del', this.name]);
  }

  /** Runs programs here in the place of this process. */
  get exec(): Exec {
    return (file, args, options) => exec('nsenter', [`--net=${this.path}`, file, ...args], options);
  }

  run(file: string, args: readonly string[], allowFailure = false): Promise<ExecResult> {
    return this.exec(file, args, { allowFailure });
  }

  /** Joins two namespaces with a veth pair, both ends up. */
  async join(device: string, address: string, other: Netns, otherDevice: string, otherAddress: string): Promise<void> {
    await this.links.batch([`link add ${device} type veth peer name ${otherDevice} netns ${other.name}`]);
    await this.up(device, address);
    await other.up(otherDevice, otherAddress);
  }

  async up(device: string, ...addresses: string[]): Promise<void> {
    await this.links.batch(raised(device, addresses));
    // Its peer's userspace switch reads checksums as they are.
    await this.run('ethtool', ['-K', device, 'tx', 'off']);
  }

  /** What attaching does to a device: into the pod, under a new name, with an address. Answers it as it is then. */
  async give(device: string, pod: Netns, name: string, ...addresses: string[]): Promise<Link> {
    await this.links.batch([`link set ${device} netns ${pod.name} name ${name}`]);
    await pod.links.batch(raised(name, addresses));
    const link = await pod.links.find(name);
    if (!link) throw new Error(`${name} is not in ${pod.name}`);
    return link;
  }

  /** Nothing but what a test sends: no IPv6, with which the kernel talks by itself. */
  async quiet(): Promise<void> {
    for (const each of ['all', 'default']) await this.run('sysctl', ['-qw', `net.ipv6.conf.${each}.disable_ipv6=1`]);
  }

  async reaches(address: string): Promise<boolean> {
    const { exitCode } = await this.run('ping', ['-c1', '-W1', address], true);
    return exitCode === 0;
  }

  async names(): Promise<string[]> {
    return (await this.links.list()).map((link) => link.name).sort();
  }
}

function raised(device: string, addresses: readonly string[]): string[] {
  const given = addresses.filter(Boolean).map((address) => `addr add ${address} dev ${device}`);
  return [...given, `link set ${device} up`];
}

/** Those that are made through this go with it. */
export class Namespaces implements AsyncDisposable {
  readonly prefix: string;
  readonly #made: Netns[] = [];

  /** @param prefix of their names; another one in each file, as files run side by side */
  constructor(prefix: string) {
    this.prefix = prefix;
  }

  /** Deletes those of a run that was killed. */
  async deleteLeftovers(): Promise<void> {
    const { stdout } = await exec('ip', ['netns', 'list']);
    for (const line of stdout.split('\n').filter((text) => text.startsWith(`${this.prefix}-`)))
      await exec('ip', ['netns', 'del', line.split(' ')[0] ?? '']);
  }

  netns(name: string): Promise<Netns> {
    const netns = new Netns(name, this.prefix);
    this.#made.push(netns);
    return netns.create();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const netns of this.#made) await netns.delete();
  }
}

/** Waits until it is so. */
export function passes(from: Netns, address: string, does = true): Promise<boolean> {
  return eventually(
    `${from.name} ${does ? 'reaches' : 'does not reach'} ${address}`,
    () => from.reaches(address),
    (answer) => answer === does,
  );
}

const listen = `
  const server = require('node:net').createServer((socket) => {
    let bytes = 0;
    socket.on('data', (chunk) => { bytes += chunk.length; });
    socket.on('end', () => { socket.end(String(bytes)); server.close(); });
  }).listen(5001, () => console.log('listening'));
  setTimeout(() => process.exit(1), 60000).unref();`;
const send = (address: string, bytes: number) => `
  const socket = require('node:net').connect(5001, '${address}', () => socket.end(Buffer.alloc(${bytes}, 'x')));
  socket.on('data', (chunk) => process.stdout.write(chunk));
  socket.on('error', (error) => { console.error(error.message); process.exit(1); });`;

/** Sends bytes over TCP and answers how many the other pod says arrived. */
export async function transfer(from: Netns, to: Netns, address: string, bytes: number): Promise<number> {
  const server = to.run(process.execPath, ['-e', listen], true);
  const isListening = async () => (await to.run('ss', ['-Hltn', 'sport = :5001'])).stdout.includes(':5001');
  await eventually('a listener', isListening, Boolean);
  const { stdout } = await from.run(process.execPath, ['-e', send(address, bytes)]);
  await server;
  return Number(stdout);
}
