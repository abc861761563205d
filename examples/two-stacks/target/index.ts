import { CloudRunService } from "@automatic-oidc/automatic-oidc";

const catalogue = new CloudRunService("catalogue", {
  image: "us-docker.pkg.dev/cloudrun/container/hello",
  region: "us-central1",
});

// What a grant on this service needs to know.
export const project = catalogue.nodes.service.project;
export const region = catalogue.nodes.service.location;
export const service = catalogue.serviceName;
export const url = catalogue.uri;
