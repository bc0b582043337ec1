/** Makefile and Taskfile.yaml have the same targets, which do the same. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { repositoryRoot } from '../test/cluster/paths.ts';

interface Target {
  description: string | undefined;
  needs: string[];
  programs: string[];
}

const text = (path: string) => readFileSync(join(repositoryRoot, path), 'utf8');

/** In front of what a task runs: make exports its variables by itself. */
const environment = '{{.ENV}}; ';

/** Commands that only look different: how the tools name their variables. */
function program(command: string): string {
  return command
    .replace(/^@/, '')
    .replaceAll('$(PNPM)', '{{.PNPM}}')
    .replaceAll('$(CARDS)', '{{.CARDS}}')
    .replaceAll('$(OPTIONS)', '{{.OPTIONS}}')
    .replaceAll(/\$\(if \$\((\w+)\),(-\w+)\)/g, '{{if .$1}}$2{{end}}')
    .replaceAll(/\$\(if \$\((\w+)\),(.*) \$\(\1\),(.*)\)/g, '{{if .$1}}$2 {{.$1}}{{else}}$3{{end}}')
    .replaceAll(/\$\(or \$\((\w+)\),([^)]*)\)/g, (_, name, value) => `{{default "${value}" .${name}}}`)
    .replaceAll('$$', '$');
}

function makeTargets(): Record<string, Target> {
  const rules = text('Makefile').matchAll(/^([a-z][a-z0-9-]*):(?!=)([^#\n]*)(?:## (.*))?\n((?:\t.*\n?)*)/gm);
  return Object.fromEntries(
    [...rules].map(([, name, needs = '', description, recipe = '']) => [
      name,
      {
        description,
        needs: needs
          .trim()
          .split(/\s+/)
          .filter(Boolean)
          .map((need) => need.replace('$(INSTALLED)', 'installed')),
        programs: recipe
          .split('\n')
          .filter(Boolean)
          .map((line) => program(line.slice(1))),
      },
    ]),
  );
}

function tasks(): Record<string, Target> {
  const { tasks } = parse(text('Taskfile.yaml'));
  return Object.fromEntries(
    Object.entries<{ desc?: string; deps?: string[]; cmds?: string[] }>(tasks).map(([name, { desc, deps, cmds }]) => [
      name,
      {
        description: desc,
        needs: deps ?? [],
        programs: (cmds ?? []).map((command) => command.replace(environment, '')),
      },
    ]),
  );
}

test('both have the same targets, with the same help, needs and programs', () => {
  const { help, ...made } = makeTargets();
  const { help: listed, default: _, installed, ...done } = tasks();
  expect(help?.description).toBe(listed?.description);
  expect(installed?.programs).toHaveLength(2);
  expect(done).toEqual(made);
});

test('tasks run the programs of this repository, with the variables that are named behind the task', () => {
  const { vars, tasks } = parse(text('Taskfile.yaml'));
  const commands = Object.values<{ cmds?: string[] }>(tasks).flatMap(({ cmds = [] }) => cmds);
  const others = commands.filter((command) => !command.startsWith(environment));
  expect([...new Set(others.map((command) => command.split(' ')[0]))].sort()).toEqual(['rm', 'task', 'touch']);
  const { PNPM: _, CARDS: __, ENV: made, ...taken } = vars;
  expect([...made.matchAll(/"([A-Z][A-Z_0-9]*)"/g)].map(([, name]) => name)).toEqual(Object.keys(taken));
  const documented = [...text('docs/commands.md').matchAll(/`([A-Z][A-Z_0-9]+)(?:=[^`]*)?`/g)].map(([, name]) => name);
  expect(Object.keys(taken)).toEqual(expect.arrayContaining(documented));
});

test('every command that users of the Go operator know is there', () => {
  const known = `build-image-all clean-image-all push-image-all deploy deploy-1c deploy-cluster-host deploy-cluster-dpu
    undeploy undeploy-1c redeploy redeploy-1c e2e-test e2e-test-1-cluster fast-e2e-test fast-e2e-test-1c prepare-e2e-test
    test fast-test install uninstall run manifests bundle fmt vet`;
  expect(Object.keys(makeTargets())).toEqual(expect.arrayContaining(known.split(/\s+/)));
});

test('every command that is called is one that there is', () => {
  const callers = text('Makefile') + text('.github/workflows/release.yml');
  const called = [...callers.matchAll(/scripts\/commands\.ts (\S+)/g)].map(([, name]) => name);
  const [, table = ''] = /const commands[^{]*\{\n([\s\S]*?)\n\};/.exec(text('scripts/commands.ts')) ?? [];
  const there = [...table.matchAll(/^ {2}'?([\w-]+)'?: /gm)].map(([, name]) => name);
  expect([...new Set(called)].sort()).toEqual(there.sort());
});
