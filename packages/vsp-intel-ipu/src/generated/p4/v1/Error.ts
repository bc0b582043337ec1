// Original file: proto/p4runtime.proto


export interface Error {
  'canonicalCode'?: (number);
  'message'?: (string);
  'space'?: (string);
  'code'?: (number);
}

export interface Error__Output {
  'canonicalCode': (number);
  'message': (string);
  'space': (string);
  'code': (number);
}
