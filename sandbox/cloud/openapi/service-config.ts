import type { Template } from "./templates";

/** What Service Management makes of an OpenAPI document: all that a proxy goes by. */
export interface ServiceConfig {
  /** `host` of the document: the managed service that it belongs to. */
  host: string | undefined;
  providers: Readonly<Record<string, AuthProvider>>;
  methods: readonly ApiMethod[];
  /** `x-google-allow: all`: whatever is not among the methods goes on to this backend, unchecked. */
  everythingElse: ApiBackend | undefined;
}

/** Who signs tokens. https://cloud.google.com/service-infrastructure/docs/service-management/reference/rest/v1/services.configs#authprovider */
export interface AuthProvider {
  issuer: string;
  jwksUri: string;
  /** Empty: the proxy takes `https://` and the name of the managed service. */
  audiences: readonly string[];
}

export interface ApiMethod {
  /** In capitals. */
  method: string;
  /** Path template, the base path included. */
  template: Template;
  /** Providers, one of which must have signed; empty: everybody gets in. */
  providers: readonly string[];
  backend: ApiBackend;
}

/** Where a request goes on to. */
export interface ApiBackend {
  address: string;
  /** Of the proxy's own token; undefined with `disable_auth`: the request goes on as it came. */
  audience: string | undefined;
  /** The path of the request is left out. */
  constant: boolean;
  /** Seconds. */
  deadline: number;
}
