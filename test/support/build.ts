/** Before the tests of the built Worker: makes sure, once for all files, that the build is that of the sources. */
import { ensureBuild } from "../../scripts/local/ensure-build.ts";

export default ensureBuild;
