module rolecall.dev/peers/endpoint

go 1.24
