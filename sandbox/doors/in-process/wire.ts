export { received, sent } from "../shared/wire";
