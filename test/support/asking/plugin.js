/**
 * The Acme plugin, and what it got of all that its manifest asks for: the message of its card's condition `Asked`. Of the
 * Secret it tells no more than a hash.
 */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { definePlugin } from '@dpu-operator/sdk';
import acme from './index.js';

const account = '/var/run/secrets/kubernetes.io/serviceaccount';

const trimmed = async (path) => (await readFile(path, 'utf8')).trim();

/** A key of a ConfigMap, read from the API with the rights of the pod's account; else the API's answer. */
async function fromApi(name, key) {
  const [token, ca, namespace] = await Promise.all(
    ['token', 'ca.crt', 'namespace'].map((file) => trimmed(`${account}/${file}`)),
  );
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env;
  const path = `/api/v1/namespaces/${namespace}/configmaps/${name}`;
  const text = await new Promise((resolve, reject) => {
    const call = request({ host, port, path, ca, headers: { authorization: `Bearer ${token}` } }, async (response) => {
      resolve((await response.toArray()).join(''));
    });
    call.on('error', reject);
    call.end();
  });
  const { data, message } = JSON.parse(text);
  return data?.[key] ?? message;
}

async function found({ secrets, config }) {
  return {
    secret: createHash('sha256')
      .update(await secrets.read('password'))
      .digest('hex'),
    config: await config.read('greeting'),
    hostPath: await trimmed('/node/hostname'),
    device: await writeFile('/dev/acme-null', 'gone').then(
      () => 'written',
      ({ code }) => code,
    ),
    companion: await trimmed('/var/run/dpu-shared/companion'),
    api: await fromApi('acme-facts', 'fact'),
    forbidden: await fromApi('acme-other', 'fact'),
  };
}

export default definePlugin({
  async create(context) {
    const tell = async () => {
      const message = JSON.stringify(await found(context));
      context.status.set({ type: 'Asked', status: 'True', reason: 'Got', message });
    };
    // One after another: what was read last is said last.
    let told = tell();
    await told;
    for (const files of [context.secrets, context.config]) {
      files.watch(() => {
        told = told.then(tell);
      });
    }
    return acme.create(context);
  },
});
