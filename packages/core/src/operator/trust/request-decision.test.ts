import { expect, test } from 'vitest';
import type { DataProcessingUnit } from '../../api/kinds/data-processing-unit.ts';
import { operatorNamespace } from '../../api/names/names.ts';
import type { CertificateSigningRequest } from '../../kube/index.ts';
import type { RequestContent } from '../../trust/x509/operations.ts';
import { denialOf, type RequestContext, requesterDenial } from './request-decision.ts';

const uri = 'spiffe://aaaa/host/node-1/d-host';
const content: RequestContent = { signed: true, subject: '', names: [`url:${uri}`], key: 'ECDSA P-256' };

function dpu(spec: Partial<DataProcessingUnit['spec']> = {}): DataProcessingUnit {
  return {
    apiVersion: 'config.openshift.io/v1',
    kind: 'DataProcessingUnit',
    metadata: { name: 'd-host' },
    spec: { isDpuSide: false, nodeName: 'node-1', ...spec },
  };
}

const context: RequestContext = { installation: 'aaaa', node: 'node-1', dpu: dpu(), others: 0, barred: [] };

function request(spec: Partial<CertificateSigningRequest['spec']> = {}): CertificateSigningRequest {
  return {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name: 'r' },
    spec: {
      request: '',
      signerName: 'dpu.config.openshift.io/channel',
      usages: ['digital signature', 'client auth'],
      username: `system:serviceaccount:${operatorNamespace}:dpu-daemon`,
      ...spec,
    },
  };
}

test('the daemon of the node gets the certificate of its DPU', () => {
  expect(denialOf(request(), content, context)).toBeUndefined();
  const dpuSide = { ...content, names: ['url:spiffe://aaaa/dpu/node-1/d-host'] };
  const there = { ...context, dpu: dpu({ isDpuSide: true }) };
  expect(denialOf(request({ usages: ['server auth', 'digital signature'] }), dpuSide, there)).toBeUndefined();
});

test('who asks is decided before the request is read', () => {
  expect(requesterDenial(request(), operatorNamespace, 'node-1')).toBeUndefined();
  expect(requesterDenial(request(), operatorNamespace, undefined)?.reason).toBe('NodeNotProven');
  for (const username of ['system:serviceaccount:default:dpu-daemon', 'kubernetes-admin']) {
    expect(requesterDenial(request({ username }), operatorNamespace, 'node-1')?.reason).toBe('NotADaemon');
  }
});

test('a node with many identities keeps those that it has, and gets no further ones', () => {
  expect(denialOf(request(), content, { ...context, others: 31 })).toBeUndefined();
  expect(denialOf(request(), content, { ...context, others: 32 })?.reason).toBe('TooManyIdentities');
});

test.each<
  [string, string, Partial<CertificateSigningRequest['spec']>, Partial<RequestContent>, Partial<RequestContext>]
>([
  ['no signature of its key', 'RequestMalformed', {}, { signed: false }, {}],
  ['a subject', 'RequestMalformed', {}, { subject: 'CN=kubernetes' }, {}],
  ['another key', 'RequestMalformed', {}, { key: 'RSASSA-PKCS1-v1_5' }, {}],
  ['no name', 'NoIdentity', {}, { names: [] }, {}],
  ['two names', 'NoIdentity', {}, { names: [`url:${uri}`, `url:${uri}`] }, {}],
  ['a DNS name', 'NoIdentity', {}, { names: [`dns:${uri}`] }, {}],
  ['another installation', 'OtherInstallation', {}, { names: ['url:spiffe://bbbb/host/node-1/d-host'] }, {}],
  ['usages of the other side', 'WrongUsages', { usages: ['digital signature', 'server auth'] }, {}, {}],
  ['one usage too many', 'WrongUsages', { usages: ['digital signature', 'client auth', 'cert sign'] }, {}, {}],
  ['a usage twice', 'WrongUsages', { usages: ['client auth', 'client auth'] }, {}, {}],
  ['a token of another node', 'OtherNode', {}, {}, { node: 'node-2' }],
  ['a barred one', 'Barred', {}, {}, { barred: [uri] }],
  ['one of a barred node', 'Barred', {}, {}, { barred: ['spiffe://aaaa/host/node-1'] }],
  ['no DataProcessingUnit', 'NoDataProcessingUnit', {}, {}, { dpu: undefined }],
  ['one of another node', 'NoDataProcessingUnit', {}, {}, { dpu: dpu({ nodeName: 'node-2' }) }],
  ['one of the other side', 'NoDataProcessingUnit', {}, {}, { dpu: dpu({ isDpuSide: true }) }],
])('%s is denied as %s', (_, reason, spec, contentChange, contextChange) => {
  const denial = denialOf(request(spec), { ...content, ...contentChange }, { ...context, ...contextChange });
  expect(denial?.reason).toBe(reason);
  expect(denial?.message).toMatch(/\w+/);
});
