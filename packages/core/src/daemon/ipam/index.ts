export * from './ipam.ts';
