import { readFile } from 'node:fs/promises';
import { type Log, step } from './progress.ts';
import { attempt, run } from './run.ts';

/** Installs the packages that are missing, or says who has to. `purpose` completes "This needs ...". */
export async function ensureDebianPackages(log: Log, purpose: string, packages: readonly string[]): Promise<void> {
  const missing: string[] = [];
  for (const name of packages) {
    const status = await attempt(['dpkg', '--status', name]);
    if (!status.stdout.includes('Status: install ok installed')) missing.push(name);
  }
  if (missing.length === 0) return;
  // A fresh machine's own updates may hold the lock.
  const patience = ['-o', 'DPkg::Lock::Timeout=120'];
  const command = ['apt-get', 'install', '--yes', '--no-install-recommends', ...patience, ...missing];
  if (!(await isDebianLike()) || process.getuid?.() !== 0) {
    throw new Error(
      `This needs ${purpose}. Missing: ${missing.join(', ')}. Install them with your system's package ` +
        `manager; on Debian or Ubuntu: sudo ${command.join(' ')}`,
    );
  }
  await step(log, `install ${missing.join(', ')}`, async () => {
    const env = { DEBIAN_FRONTEND: 'noninteractive' };
    const installed = await attempt(command, { env });
    if (installed.exitCode === 0) return;
    await run(['apt-get', 'update'], { env });
    await run(command, { env });
  });
}

async function isDebianLike(): Promise<boolean> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(release);
}
