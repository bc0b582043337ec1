import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { cachePath } from '../paths.ts';

/** podman asks for this many open files and processes by default; a machine may not be allowed to give them. */
const podmanDefaultLimit = 1_048_576;

/**
 * runc was refused this machine's own hard limit of processes ("error setting rlimit type 6"), but not this one. It
 * does not bind root inside the nodes.
 */
const allowedProcesses = 4096;

/**
 * What podman needs on a machine that lacks what it takes for granted. A configuration that the user named, and a
 * machine that lacks nothing, are left alone.
 */
export async function podmanEnvironment(): Promise<Record<string, string>> {
  if (process.env.CONTAINERS_CONF) return {};
  const limits = parseLimits(await readFile('/proc/self/limits', 'utf8'));
  const settings = containersConf({ ...limits, systemd: existsSync('/run/systemd/system') });
  if (!settings) return {};
  const path = cachePath('containers.conf');
  await mkdir(dirname(path), { recursive: true });
  // Whole at any time: another process may have podman read it now, and an empty one means podman's own limits.
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, settings);
  await rename(draft, path);
  return { CONTAINERS_CONF: path };
}

interface MachineLimits {
  openFiles: number;
  processes: number;
}

/** Hard limits out of /proc/self/limits: "Max open files   1024   20000   files". */
export function parseLimits(text: string): MachineLimits {
  const hard = (name: string): number => {
    const value = new RegExp(`^${name}\\s+\\S+\\s+(\\S+)`, 'm').exec(text)?.[1] ?? 'unlimited';
    return value === 'unlimited' ? Number.POSITIVE_INFINITY : Number(value);
  };
  return { openFiles: hard('Max open files'), processes: hard('Max processes') };
}

/** The text of containers.conf, or undefined where the defaults work. */
export function containersConf(machine: MachineLimits & { systemd: boolean }): string | undefined {
  const limitsTooLow = machine.openFiles < podmanDefaultLimit || machine.processes < podmanDefaultLimit;
  if (!limitsTooLow && machine.systemd) return undefined;
  const lines: string[] = [];
  if (limitsTooLow) {
    const limit = (name: string, value: number) => `"${name}=${value}:${value}"`;
    const limits = [
      limit('nofile', Math.min(machine.openFiles, podmanDefaultLimit)),
      limit('nproc', Math.min(machine.processes, allowedProcesses)),
    ];
    lines.push('[containers]', `default_ulimits = [${limits.join(', ')}]`);
  }
  lines.push('[engine]', 'runtime = "runc"');
  if (!machine.systemd) lines.push('cgroup_manager = "cgroupfs"');
  lines.push('[network]', 'network_backend = "netavark"');
  return `${lines.join('\n')}\n`;
}
