/** Takes over from the Go operator in one cluster, and back. */
import type { Log } from '../test/cluster/progress.ts';
import { reach, type Target } from './clusters.ts';
import { deploy, dpuctl } from './deploy.ts';
import type { Images } from './settings.ts';
import { show } from './show.ts';

/** The DpuOperatorConfig that is there stays as it is: no overlay that brings one. */
const overlays = ['default'];

export type MigrateOptions = readonly string[];

/** Changes nothing. @throws Error where something is in the way */
export async function checkMigration(log: Log, target: Target, images: Images, options: MigrateOptions): Promise<void> {
  await reach(log, [target]);
  await migrateBy(target, images, [...options, 'check']);
}

/**
 * The Go operator away, ours there, what is left of the other away. Each part may be run again after it failed.
 *
 * @throws Error that says what is in the way, or how to go on or back
 */
export async function migrate(log: Log, target: Target, images: Images, options: MigrateOptions): Promise<void> {
  await reach(log, [target]);
  await migrateBy(target, images, [...options, 'start']);
  try {
    await deploy(log, [{ ...target, overlays }], images, { takesOver: true });
    await migrateBy(target, images, ['finish']);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(
      `${message}\nRun the same command again to go on, or "make migrate-back" for the Go operator as it was.`,
    );
  }
}

/** @throws Error where there is no way back */
export async function migrateBack(log: Log, target: Target, images: Images): Promise<void> {
  await reach(log, [target]);
  await migrateBy(target, images, ['back']);
}

/** By the code that the operator's image has too; what it says is shown as it comes. */
async function migrateBy({ kubeconfig }: Target, { operator }: Images, args: readonly string[]): Promise<void> {
  const argv = [dpuctl, '--kubeconfig', kubeconfig, 'migrate', '--image', operator, ...args];
  try {
    await show(process.execPath, argv);
  } catch (error) {
    throw new Error('the migration stopped; its last lines say why', { cause: error });
  }
}
