import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { requireCda } from './cluster-deployment-automation.ts';

test('all that is missing is named, with the variable that says where it is', () => {
  const env = {
    CDA: '/nowhere/cda',
    CDA_VENV: '/nowhere/venv',
    CDA_PULL_SECRET: '/nowhere/s',
    CDA_CONFIG_1C: '/nowhere/1',
  };
  expect(() => requireCda(env, ['one'])).toThrow(
    [
      'No clusters are set up, since this is missing:',
      '  CDA=/nowhere/cda: a checkout of cluster-deployment-automation',
      '  CDA_VENV=/nowhere/venv: a Python environment with its requirements',
      '  CDA_PULL_SECRET=/nowhere/s: a pull secret for OpenShift',
      '  CDA_CONFIG_1C=/nowhere/1: the description of the cluster',
    ].join('\n'),
  );
});

test('what is configured is used, the hosts first', () => {
  const directory = mkdtempSync(join(tmpdir(), 'cda-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  mkdirSync(join(directory, 'venv/bin'), { recursive: true });
  for (const file of ['cda.py', 'venv/bin/python3', 'secret', 'host.yaml', 'dpu.yaml'])
    writeFileSync(join(directory, file), '');
  const env = {
    CDA: directory,
    CDA_VENV: join(directory, 'venv'),
    CDA_PULL_SECRET: join(directory, 'secret'),
    CDA_CONFIG_HOST: join(directory, 'host.yaml'),
    CDA_CONFIG_DPU: join(directory, 'dpu.yaml'),
  };
  expect(requireCda(env, ['host', 'dpu'])).toEqual({
    directory,
    python: join(directory, 'venv/bin/python3'),
    pullSecret: join(directory, 'secret'),
    configs: [join(directory, 'host.yaml'), join(directory, 'dpu.yaml')],
  });
});
