import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { attempt, run } from '../run.ts';

/** containerd opens its database and answers within a second; this is for a very busy machine. */
const startTimeoutMs = 30_000;

/**
 * Puts image archives into the containerd store of a node's root file system, with a containerd that runs on this
 * machine just for that. They are pinned, so that kubelet's garbage collection leaves them alone.
 */
export async function preloadImages(containerdDirectory: string, root: string, archives: string[]): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'dpu-preload-'));
  const socket = join(scratch, 'containerd.sock');
  const config = join(scratch, 'config.toml');
  const store = join(root, 'var/lib/containerd');
  await mkdir(store, { recursive: true });
  await writeFile(
    config,
    [
      'version = 2',
      `root = "${store}"`,
      `state = "${join(scratch, 'state')}"`,
      'disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.nri.v1.nri"]',
      `[grpc]\naddress = "${socket}"`,
      `[ttrpc]\naddress = "${socket}.ttrpc"`,
    ].join('\n'),
  );
  // Ends with this process, however that ends.
  const argv = ['--pdeathsig', 'TERM', join(containerdDirectory, 'containerd'), '--config', config];
  const daemon = spawn('setpriv', argv, { stdio: 'ignore' });
  const ended = new Promise((resolve) => daemon.once('close', resolve));
  const ctr = [join(containerdDirectory, 'ctr'), '--address', socket, '--namespace', 'k8s.io'];
  try {
    await untilAnswers([...ctr, 'version']);
    for (const archive of archives) {
      await run([...ctr, 'images', 'import', '--no-unpack', '--label', 'io.cri-containerd.pinned=pinned', archive]);
    }
  } finally {
    daemon.kill('SIGTERM');
    await ended;
    await rm(scratch, { recursive: true, force: true });
  }
}

async function untilAnswers(argv: string[]): Promise<void> {
  const deadline = performance.now() + startTimeoutMs;
  for (;;) {
    const result = await attempt(argv);
    if (result.exitCode === 0) return;
    if (performance.now() > deadline) throw new Error(`containerd did not start on this machine: ${result.stderr}`);
    await sleep(200);
  }
}
