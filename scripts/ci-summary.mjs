// Prints the last line of a CI run, counts of tests and commands together, and fails where anything did.
import { readFileSync } from "node:fs";

const [resultsFile, testsStatus, commandsPassed, commandsFailed] = process.argv.slice(2);
const tests = readTests();
const passed = tests.passed + Number(commandsPassed);
const failed = tests.failed + Number(commandsFailed);
console.log(`${passed} passed, ${failed} failed${tests.skipped ? `, ${tests.skipped} skipped` : ""}`);
process.exitCode = failed > 0 ? 1 : 0;

function readTests() {
  let counts = { passed: 0, failed: 0, skipped: 0 };
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(readFileSync(resultsFile));
    counts = { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests + numTodoTests };
  } catch {
    console.log("the tests left no results"); // the set-up failed, or the runner was ended
  }
  // A file that cannot be loaded, or an error outside any test, fails the run and no test.
  if (testsStatus !== "0" && counts.failed === 0) counts.failed = 1;
  return counts;
}
