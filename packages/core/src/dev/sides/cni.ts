/** Runs `dpu-cni` as a container runtime does. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { dpuCniCommand } from '@dpu-operator/cni';
import type { CniCall } from './protocol.ts';

/** It finds the daemon where it does on a node: this process has a /run of its own. */
export async function runCni(call: CniCall): Promise<{ exitCode: number; output: string }> {
  const { command, container, ifName, netns, network, deviceId } = call;
  const { file, args } = dpuCniCommand();
  const child = spawn(file, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    cwd: '/',
    env: {
      PATH: process.env.PATH ?? '',
      CNI_COMMAND: command,
      CNI_CONTAINERID: container,
      CNI_NETNS: netns,
      CNI_IFNAME: ifName,
      CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=dev;K8S_POD_NAME=${container}`,
      CNI_PATH: '/opt/cni/bin',
    },
  });
  const ended = new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? -1));
  });
  child.stdin.on('error', () => {});
  child.stdin.end(JSON.stringify({ cniVersion: '1.0.0', name: network, type: 'dpu-cni', deviceID: deviceId }));
  const [exitCode, out, complaints] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  return { exitCode, output: out.trim() || complaints.trim() };
}
