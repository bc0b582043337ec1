import { expect, test } from 'vitest';
import { FakeApiServer, type FakeRequest } from '../kube/testing/fake-api-server.ts';
import { uninstall } from './uninstall.ts';

const path = '/apis/config.openshift.io/v1/dpuoperatorconfigs';

const configWith = (message?: string, resourceVersion = '1') => ({
  apiVersion: 'config.openshift.io/v1',
  kind: 'DpuOperatorConfig',
  metadata: { name: 'dpu-operator-config', uid: 'u', resourceVersion },
  spec: {},
  ...(message && {
    status: {
      conditions: [
        {
          type: 'Ready',
          status: 'False',
          reason: 'Uninstalling',
          message,
          lastTransitionTime: '2026-01-01T00:00:00Z',
        },
      ],
    },
  }),
});

/** A server with one DpuOperatorConfig, whose watch `onWatch` writes. */
async function serverWith(onWatch: (request: FakeRequest) => void, exists = true) {
  const deleted: string[] = [];
  const server = await FakeApiServer.start((request) => {
    if (request.method === 'DELETE') {
      deleted.push(request.body);
      request.json({});
    } else if (request.query.has('watch')) onWatch(request);
    else if (request.path === path) {
      request.json({ metadata: { resourceVersion: '1' }, items: [configWith('node a: a pod uses it')] });
    } else if (exists) request.json(configWith());
    else request.json({ kind: 'Status', reason: 'NotFound', code: 404 }, 404);
  });
  const lines: string[] = [];
  const context = {
    store: server.store(),
    namespace: 'ns',
    print: (line: string) => void lines.push(line),
  };
  return { server, deleted, lines, context };
}

test('prints what it waits for and ends when the config is gone', async () => {
  const { server, deleted, lines, context } = await serverWith(({ line }) => {
    line({ type: 'MODIFIED', object: configWith('node b: a pod uses it', '2') });
    line({ type: 'DELETED', object: configWith('node b: a pod uses it', '3') });
  });
  await using _ = server;
  await uninstall(context, 60);
  expect(deleted).toHaveLength(1);
  expect(deleted[0]).toContain('"uid":"u"');
  expect(lines.slice(1)).toEqual(['node a: a pod uses it', 'node b: a pod uses it', 'everything is taken away']);
});

test('says what it waits for when the time is over', async () => {
  const { server, context } = await serverWith(({ line }) => {
    line({ type: 'MODIFIED', object: configWith('node c: a pod uses it', '2') });
  });
  await using _ = server;
  await expect(uninstall(context, 1)).rejects.toThrow(/not gone after 1 s, which goes on: node [ac]: a pod uses it/);
});

test('has nothing to do without a config', async () => {
  const { server, deleted, lines, context } = await serverWith(() => {}, false);
  await using _ = server;
  await uninstall(context, 60);
  expect(deleted).toEqual([]);
  expect(lines).toEqual(['there is no DpuOperatorConfig dpu-operator-config: nothing to take away']);
});
