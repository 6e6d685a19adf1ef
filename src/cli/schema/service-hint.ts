import { didYouMean } from '../../protocol/core/suggest.js';

/**
 * What was probably meant by the name of a service that there is not, for the end of an error's text. A package is what is
 * left when a method is forgotten: `demo.v1.Greeter` has the form of `service.Method`, too.
 */
export function serviceHint(name: string, services: readonly string[]): string {
  const inside = services.find((each) => each.startsWith(`${name}.`));
  return inside === undefined
    ? didYouMean(name, services)
    : ` '${name}' is a package; a method is ${inside}/ and its name.`;
}
