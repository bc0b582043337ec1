/** What the operator takes while something happens: its requests by the API server's audit log, its CPU and memory by /proc. */
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds without a request and nearly without work after which the operator is quiet. */
const quietMs = 3_000;
/** Of a quiet operator in that time, in milliseconds of CPU: its metrics, a bookmark. */
const idleCpuMs = 150;
/** A tick of proc(5): USER_HZ is 100 on every architecture that Kubernetes runs on. */
const tickMs = 10;

export interface Figures {
  /** Until the last request or work, from the beginning. */
  seconds: number;
  cpuSeconds: number;
  rssMiB: number;
  peakMiB: number;
  /** By verb and resource; what was refused apart, with the code. */
  requests: Record<string, number>;
}

interface AuditEvent {
  verb: string;
  objectRef?: { resource?: string; subresource?: string };
  responseStatus?: { code?: number };
}

/** @param operator answers its process id, once there is one */
export async function measure(
  operator: () => number | undefined,
  auditLog: string,
  limitMs: number,
  happen: () => Promise<unknown>,
  isDone: () => boolean = () => true,
): Promise<Figures> {
  const offset = await sizeOf(auditLog);
  const before = operator();
  const cpu = before === undefined ? 0 : await cpuMs(before);
  const start = performance.now();
  await happen();
  const pid = operator();
  if (pid === undefined) throw new Error('the operator does not run');
  const end = await untilQuiet(pid, auditLog, start + limitMs, isDone);
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const mebibytes = (field: string) => Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
  return {
    seconds: (end - start) / 1000,
    cpuSeconds: ((await cpuMs(pid)) - cpu) / 1000,
    rssMiB: mebibytes('VmRSS'),
    peakMiB: mebibytes('VmHWM'),
    requests: await requestsSince(auditLog, offset),
  };
}

/** @returns when it was busy last */
async function untilQuiet(pid: number, auditLog: string, limit: number, isDone: () => boolean): Promise<number> {
  let busyAt = performance.now();
  let size = await sizeOf(auditLog);
  let cpu = await cpuMs(pid);
  while (performance.now() - busyAt < quietMs || !isDone()) {
    if (performance.now() > limit) throw new Error('the operator is not quiet in time');
    await sleep(100);
    const [sizeNow, cpuNow] = [await sizeOf(auditLog), await cpuMs(pid)];
    if (sizeNow === size && cpuNow - cpu <= idleCpuMs) continue;
    busyAt = performance.now();
    size = sizeNow;
    cpu = cpuNow;
  }
  return busyAt;
}

async function requestsSince(auditLog: string, offset: number): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for await (const line of createInterface(createReadStream(auditLog, { start: offset }))) {
    const { verb, objectRef, responseStatus: { code = 0 } = {} }: AuditEvent = JSON.parse(line);
    const { resource = 'other', subresource } = objectRef ?? {};
    const refused = code >= 400 ? ` (${code})` : '';
    const key = `${verb} ${subresource ? `${resource}/${subresource}` : resource}${refused}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

async function cpuMs(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}
