from tocsin_fw import app, hal_rp2

app.run(hal_rp2.open_hal)
