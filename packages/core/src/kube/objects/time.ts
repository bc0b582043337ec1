/** metav1.MicroTime: the API server refuses a Lease or an Event whose times have another number of digits. */
export function microTime(date: Date): string {
  return `${date.toISOString().slice(0, -1)}000Z`;
}
