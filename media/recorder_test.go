package media_test

const crashEnv = "MEDIA_CRASH_RECORDING"

func recordUntilKilled(string) {}
