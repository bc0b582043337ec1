import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CniError, codes } from './errors.ts';
import type { NetworkConfig, PluginConfig } from './plugin-config.ts';

/** The variables a runtime gives a plugin. */
export interface Invocation {
  command: 'ADD' | 'DEL' | 'CHECK' | 'STATUS';
  containerId: string;
  netns: string;
  ifname: string;
  args: string;
  path: string;
}

/** Calls the plugins of a network in order, each with the answer of the one before; the last answer is the network's. */
export async function addNetwork(network: NetworkConfig, invocation: Invocation): Promise<unknown> {
  let result: unknown;
  for (const plugin of network.plugins) result = await callPlugin(network, plugin, invocation, result);
  return result;
}

/** Calls the plugins in reverse. One that fails does not keep the others from cleaning up; its error comes last. */
export async function delNetwork(network: NetworkConfig, invocation: Invocation, result?: unknown): Promise<void> {
  let failure: unknown;
  for (const plugin of network.plugins.toReversed()) {
    await callPlugin(network, plugin, invocation, result).catch((error) => {
      failure ??= error;
    });
  }
  if (failure) throw failure;
}

/** Calls the plugins in order with the result of the ADD: for CHECK and STATUS. */
export async function askNetwork(network: NetworkConfig, invocation: Invocation, result?: unknown): Promise<void> {
  for (const plugin of network.plugins) await callPlugin(network, plugin, invocation, result);
}

async function callPlugin(
  network: NetworkConfig,
  plugin: PluginConfig,
  invocation: Invocation,
  prevResult: unknown,
): Promise<unknown> {
  const program = invocation.path
    .split(':')
    .map((directory) => join(directory, plugin.type))
    .find((path) => existsSync(path));
  if (!program) {
    throw new CniError(codes.invalidConfig, `no plugin "${plugin.type}" in ${invocation.path}: is it installed?`);
  }
  const config = {
    ...plugin,
    name: network.name,
    cniVersion: network.cniVersion,
    ...(prevResult !== undefined && { prevResult }),
  };
  const { stdout, stderr, exitCode } = await execute(program, environment(invocation), JSON.stringify(config));
  if (exitCode !== 0) throw pluginError(plugin.type, stdout, stderr);
  return stdout.trim() === '' ? undefined : JSON.parse(stdout);
}

function environment(invocation: Invocation): NodeJS.ProcessEnv {
  return {
    ...process.env,
    CNI_COMMAND: invocation.command,
    CNI_CONTAINERID: invocation.containerId,
    CNI_NETNS: invocation.netns,
    CNI_IFNAME: invocation.ifname,
    CNI_ARGS: invocation.args,
    CNI_PATH: invocation.path,
  };
}

/** The plugin's own error where it gave one; else what it wrote. */
function pluginError(type: string, stdout: string, stderr: string): CniError {
  try {
    const { code, msg, details } = JSON.parse(stdout);
    return new CniError(Number(code), String(msg), String(details ?? ''));
  } catch {
    return new CniError(codes.internal, `plugin "${type}" failed without an error of its own`, stdout + stderr);
  }
}

function execute(program: string, env: NodeJS.ProcessEnv, input: string) {
  return new Promise<{ stdout: string; stderr: string; exitCode: number }>((resolve, reject) => {
    const child = spawn(program, { env });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    // A plugin may end without reading its configuration; its exit code tells.
    child.stdin.on('error', () => {});
    child.once('error', reject);
    child.once('close', (code) => resolve({ stdout, stderr, exitCode: code ?? -1 }));
    child.stdin.end(input);
  });
}
