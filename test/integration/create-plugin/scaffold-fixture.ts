/**
 * An outsider's machine: an empty directory, npm with what it has fetched before, and a registry that has what this
 * project publishes.
 */
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { execa } from 'execa';
import { fencedBlocks, words } from '../../support/documents/readme.ts';
import { alone } from '../../support/programs/harness.ts';
import { type Registry, startRegistry } from '../../support/registries/registry.ts';

const published = ['sdk', 'cni', 'core', 'create-plugin', 'vsp-mock'];

/** What a tutorial tells to do, in its order. */
export type Step = { command: string } | { file: string; text: string };

export class Outsider {
  readonly registry: Registry;
  readonly home: string;
  readonly #environment: Record<string, string>;

  constructor(registry: Registry, home: string) {
    this.registry = registry;
    this.home = home;
    this.#environment = {
      npm_config_userconfig: registry.npmrc,
      npm_config_prefer_offline: 'true',
      npm_config_cache: cacheIn(home),
      // With which the test runner's start script would have Node find the packages of this workspace.
      NODE_PATH: '',
    };
  }

  /** Types a command. What it prints is in the error, should it fail. */
  async run(command: string, directory = this.home): Promise<string> {
    const [file = '', ...args] = words(command);
    const { all } = await execa(file, args, {
      cwd: directory,
      env: this.#environment,
      preferLocal: true,
      localDir: resolve('test'),
      all: true,
    });
    return all;
  }

  /** Does what a tutorial tells, from the home directory; returns the directory where it ends. */
  async follow(steps: readonly Step[], onStep: (command: string) => void = () => {}): Promise<string> {
    let directory = this.home;
    for (const step of steps) {
      if ('file' in step) {
        await mkdir(dirname(join(directory, step.file)), { recursive: true });
        await writeFile(join(directory, step.file), step.text);
        continue;
      }
      onStep(step.command);
      const target = /^cd (.*)$/.exec(step.command)?.[1];
      if (target) directory = join(directory, target);
      else if (step.command.startsWith('npm run dev')) await alone(() => this.run(step.command, directory));
      else await this.run(step.command, directory);
    }
    return directory;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.registry.stop();
    await rm(this.home, { recursive: true, force: true });
  }
}

/** Publishes what `make build` has made to a registry of its own. */
export async function outsider(): Promise<Outsider> {
  const registry = await startRegistry();
  const fixture = new Outsider(registry, await mkdtemp(join(tmpdir(), 'outsider-')));
  try {
    await shareDownloads(cacheIn(fixture.home));
    for (const name of published) await registry.publish(join('packages', name));
  } catch (error) {
    await fixture[Symbol.asyncDispose]();
    throw error;
  }
  return fixture;
}

function cacheIn(home: string): string {
  return join(home, '.npm');
}

/**
 * npm's cache with what it has downloaded before, and nothing else: `npm create` would run the generator of an earlier
 * test again, which has the same version.
 */
async function shareDownloads(cache: string): Promise<void> {
  const { stdout } = await execa('npm', ['config', 'get', 'cache']);
  const downloads = join(stdout.trim(), '_cacache');
  await mkdir(downloads, { recursive: true });
  await mkdir(cache);
  await symlink(downloads, join(cache, '_cacache'));
}

/** The commands of a tutorial, and the files that it has people write: blocks like ```ts src/card.ts. */
export async function stepsOf(path: string): Promise<Step[]> {
  return fencedBlocks(await readFile(path, 'utf8')).flatMap(({ info, lines }): Step[] => {
    const [language, file] = info.split(' ');
    if (file) return [{ file, text: `${lines.join('\n')}\n` }];
    return language === 'sh' ? lines.map((command) => ({ command })) : [];
  });
}
