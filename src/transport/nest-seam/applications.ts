import type { ApplicationConfig, HttpAdapterHost, ModulesContainer } from '@nestjs/core';

/** What Nest injects of an application. */
export interface Application {
  readonly config: ApplicationConfig;
  readonly modules: ModulesContainer;
  readonly adapterHost: HttpAdapterHost | undefined;
}

/** An application is kept as long as its modules. */
const applications = new WeakMap<ModulesContainer, Application>();
let known: WeakRef<ModulesContainer>[] = [];

/** Notes an application with ttrpc handlers. */
export function noteApplication(application: Application): void {
  const { modules } = application;
  if (applications.has(modules)) return;
  applications.set(modules, application);
  known = known.filter((each) => each.deref() !== undefined);
  known.push(new WeakRef(modules));
}

/** The applications with ttrpc handlers that are still there. */
export function knownApplications(): Application[] {
  return known.flatMap((reference) => {
    const modules = reference.deref();
    return (modules && applications.get(modules)) ?? [];
  });
}

/**
 * True for an application with an HTTP adapter. A microservice that is connected to one may have a configuration of its
 * own, which nothing public shows; the configuration of a microservice on its own is the application's.
 */
export function servesHttp({ adapterHost }: Pick<Application, 'adapterHost'>): boolean {
  // The type promises an adapter; a microservice on its own has none.
  return (adapterHost?.httpAdapter as unknown) !== undefined && (adapterHost?.httpAdapter as unknown) !== null;
}
