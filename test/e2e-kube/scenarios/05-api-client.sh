# The Kubernetes client on a real API server: verbs, pages, watches, missing rights
SMC_E2E_KUBECONFIG=$KUBECONFIG "$ROOT/build/release/test/api_client_test" --gtest_brief=1
figure "$("$ROOT/build/release/test/api_client_test" --gtest_list_tests | grep -c '^  ') cases"
