/** Images without layers, put into a registry as `docker push` does. */
import { createHash } from 'node:crypto';

export interface TestImage {
  os?: string;
  architecture: string;
  labels?: Record<string, string>;
}

interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
}

const oci = (what: string) => `application/vnd.oci.image.${what}.v1+json`;

/**
 * @param registry Host and port; it speaks http.
 * @param images One, or one for each platform: then an index names them all.
 * @returns the digest that the tag means
 */
export async function pushImage(
  registry: string,
  repository: string,
  tag: string,
  images: readonly TestImage[],
): Promise<string> {
  const base = `http://${registry}/v2/${repository}`;
  const manifests: (Descriptor & { platform: object })[] = [];
  for (const { os = 'linux', architecture, labels } of images) {
    const rootfs = { type: 'layers', diff_ids: [] };
    const text = JSON.stringify({ os, architecture, config: labels ? { Labels: labels } : {}, rootfs });
    const config = { mediaType: oci('config'), ...describe(text) };
    const { headers } = await send(`${base}/blobs/uploads/`, { method: 'POST' });
    const upload = new URL(headers.get('location') ?? '', base);
    upload.searchParams.set('digest', config.digest);
    const contentType = { 'content-type': 'application/octet-stream' };
    await send(upload.href, { method: 'PUT', body: text, headers: contentType });
    const manifest = { schemaVersion: 2, mediaType: oci('manifest'), config, layers: [] };
    const name = images.length === 1 ? tag : undefined;
    manifests.push({ ...(await put(base, name, manifest)), platform: { os, architecture } });
  }
  const [only] = manifests;
  if (manifests.length === 1 && only) return only.digest;
  return (await put(base, tag, { schemaVersion: 2, mediaType: oci('index'), manifests })).digest;
}

async function put(
  base: string,
  tag: string | undefined,
  manifest: { mediaType: string; [field: string]: unknown },
): Promise<Descriptor> {
  const body = JSON.stringify(manifest);
  const { digest, size } = describe(body);
  const headers = { 'content-type': manifest.mediaType };
  await send(`${base}/manifests/${tag ?? digest}`, { method: 'PUT', body, headers });
  return { mediaType: manifest.mediaType, digest, size };
}

function describe(text: string): { digest: string; size: number } {
  return { digest: `sha256:${createHash('sha256').update(text).digest('hex')}`, size: Buffer.byteLength(text) };
}

async function send(url: string, request: RequestInit): Promise<Response> {
  const response = await fetch(url, request);
  if (!response.ok) throw new Error(`${request.method} ${url}: ${response.status} ${await response.text()}`);
  return response;
}
