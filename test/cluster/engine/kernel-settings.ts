import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cachePath } from '../paths.ts';
import type { Log } from '../progress.ts';

/** kubelet sets these for the whole machine when it starts, and a container cannot have its own. */
const changedByKubelet = ['kernel/panic', 'kernel/panic_on_oops', 'vm/overcommit_memory'];

/** Each node's systemd, containerd and kubelet watch files; the usual 128 are gone with the fourth node. */
const inotifyInstances = { setting: 'fs/inotify/max_user_instances', needed: 512 };

const recordPath = () => cachePath('kernel-settings.json');
const settingPath = (setting: string) => join('/proc/sys', setting);

/** Remembers what the machine had before the first cluster, and says what will change. */
export async function saveKernelSettings(log: Log): Promise<void> {
  if (!existsSync(recordPath())) {
    const before: Record<string, string> = {};
    for (const setting of [...changedByKubelet, inotifyInstances.setting]) {
      before[setting] = (await readFile(settingPath(setting), 'utf8')).trim();
    }
    await mkdir(dirname(recordPath()), { recursive: true });
    await writeFile(recordPath(), JSON.stringify(before));
  }
  const names = changedByKubelet.map((setting) => setting.replace('/', '.')).join(', ');
  log(`kubelet will change ${names} of this machine; deleting the last cluster puts them back`);
  const current = Number(await readFile(settingPath(inotifyInstances.setting), 'utf8'));
  if (current < inotifyInstances.needed) {
    const raised = await writeFile(settingPath(inotifyInstances.setting), String(inotifyInstances.needed)).then(
      () => true,
      () => false,
    );
    log(
      `fs.inotify.max_user_instances is ${current}: ${raised ? `raised to ${inotifyInstances.needed} meanwhile` : 'raise it if nodes fail to start'}`,
    );
  }
}

/** To be called when no cluster is left on the machine. */
export async function restoreKernelSettings(log: Log): Promise<void> {
  if (!existsSync(recordPath())) return;
  const before: Record<string, string> = JSON.parse(await readFile(recordPath(), 'utf8'));
  for (const [setting, value] of Object.entries(before)) {
    const current = (await readFile(settingPath(setting), 'utf8')).trim();
    if (current === value) continue;
    try {
      await writeFile(settingPath(setting), value);
      log(`${setting.replaceAll('/', '.')} is ${value} again`);
    } catch (error) {
      log(`could not put ${setting.replaceAll('/', '.')} back to ${value}: ${(error as Error).message}`);
    }
  }
  await rm(recordPath());
}
