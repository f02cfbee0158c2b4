// Prints which tests failed, and as the last line of a CI run the counts of tests and commands together; fails where
// anything did.
import { readFileSync } from "node:fs";

const [resultsFile, testsStatus, commandsPassed, commandsFailed] = process.argv.slice(2);
/** Of a failure's message: the reason, not the stack. */
const LINES_OF_A_REASON = 3;

const tests = readTests();
const passed = tests.passed + Number(commandsPassed);
const failed = tests.failed + Number(commandsFailed);
if (tests.skipped > 0) console.log(`${tests.skipped} tests were skipped`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

function readTests() {
  let counts = { passed: 0, failed: 0, skipped: 0 };
  try {
    const results = JSON.parse(readFileSync(resultsFile));
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = results;
    counts = { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests + numTodoTests };
    for (const file of results.testResults) nameFailures(file);
  } catch {
    console.log("the tests left no results"); // the set-up failed, or the runner was ended
  }
  // A file that cannot be loaded, or an error outside any test, fails the run and no test.
  if (testsStatus !== "0" && counts.failed === 0) counts.failed = 1;
  return counts;
}

function nameFailures({ name, message, status, assertionResults }) {
  const failures = assertionResults.filter((test) => test.status === "failed");
  if (status === "failed" && failures.length === 0) console.log(`failed: ${name}\n  ${message}`);
  for (const { fullName, failureMessages } of failures) {
    const reason = (failureMessages[0] ?? "").split("\n").slice(0, LINES_OF_A_REASON).join("\n  ");
    console.log(`failed: ${name}: ${fullName}\n  ${reason}`);
  }
}
