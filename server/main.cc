// sluiced.
#include "server/server.h"

int main(int argc, char** argv) { return sluice::Server().run(argc, argv); }
