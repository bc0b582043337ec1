/** Requests to a cluster's API server with nothing but a token, as somebody sends them who stole it. */
import { once } from 'node:events';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import type { Kubectl } from '../../cluster/index.ts';

/** One request; on `dry` ones the API server decides as on others, and changes nothing. */
export interface Try {
  /** What is tried, for people. */
  what: string;
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  body?: object;
  /** Of a PATCH. Default: merge. */
  patch?: 'merge' | 'apply';
}

export interface Answer {
  what: string;
  /** HTTP status. */
  code: number;
  /** The API server's words where it refused. */
  message: string;
}

export interface TokenClient {
  send(request: Try): Promise<Answer>;
}

interface KubeConfigView {
  clusters: { cluster: { server: string; 'certificate-authority-data': string } }[];
}

const contentTypes = {
  merge: 'application/merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

/** @param manager the field manager of what is applied */
export async function tokenClient(kubectl: Kubectl, token: string, manager: string): Promise<TokenClient> {
  const view = await kubectl.json<KubeConfigView>(['config', 'view', '--raw', '--minify']);
  const [found] = view.clusters;
  if (!found) throw new Error('the kubeconfig of the test cluster names no cluster');
  const { server, 'certificate-authority-data': authority } = found.cluster;
  const ca = Buffer.from(authority, 'base64');
  return {
    async send({ what, method, path, body, patch }) {
      const url = new URL(path, server);
      if (method !== 'GET') url.searchParams.set('dryRun', 'All');
      if (patch === 'apply') {
        url.searchParams.set('fieldManager', manager);
        url.searchParams.set('force', 'true');
      }
      const headers = {
        Authorization: `Bearer ${token}`,
        'Content-Type': method === 'PATCH' ? contentTypes[patch ?? 'merge'] : 'application/json',
      };
      const message = request(url, { method, headers, ca });
      message.end(body && JSON.stringify(body));
      const [response] = await once(message, 'response');
      const content = await text(response);
      const code: number = response.statusCode;
      return { what, code, message: code < 300 ? '' : wordsOf(content) };
    },
  };
}

function wordsOf(content: string): string {
  try {
    return JSON.parse(content).message ?? content;
  } catch {
    return content;
  }
}
