export type { TtrpcServiceDecorator } from './handler-types.js';
export { InjectTtrpcService } from './inject-ttrpc-service.decorator.js';
export { TtrpcMethod, type TtrpcMethodOptions } from './ttrpc-method.decorator.js';
export { TtrpcService, type TtrpcServiceOptions } from './ttrpc-service.decorator.js';
